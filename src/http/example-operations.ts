// The operations with which Apollo Sandbox and GraphiQL open: the files of examples/operations, ready to run.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../project-folder';

export interface ExampleOperation {
  /** The file: the question as a comment, and the operation with its fragments. */
  document: string;
  variables: Record<string, unknown>;
}

/** The project's examples/operations, from the sources and from the build. */
const operationsFolder = (): string => join(projectFolder(), 'examples', 'operations');

/** Queries come first, then subscriptions, then mutations. Without the folder: none. */
export function exampleOperations(folder = operationsFolder()): ExampleOperation[] {
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const variablesOf = (name: string): Record<string, unknown> => {
    const file = name.replace('.graphql', '.variables.json');
    return files.includes(file) ? JSON.parse(textOf(file)) : {};
  };
  const all = files
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => ({ document: textOf(name), variables: variablesOf(name) }));
  const typeOf = (document: string) => /^(query|subscription|mutation)\b/m.exec(document)?.[1];
  return ['query', 'subscription', 'mutation'].flatMap((type) =>
    all.filter(({ document }) => typeOf(document) === type),
  );
}
