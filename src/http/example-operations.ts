// The operations with which Apollo Sandbox and GraphiQL open: the files of examples/operations, ready to run.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../project-folder';

export interface ExampleOperations {
  /** Queries come first, then subscriptions, then mutations. */
  operations: { document: string; variables: Record<string, unknown> }[];
  /** One document with all operations and a hint where the token goes. */
  document: string;
  /** Every variable that one of them takes. */
  variables: Record<string, unknown>;
}

const HEAD = '# Put a token into the headers below.\n';

/** The project's examples/operations, from the sources and from the build. */
const operationsFolder = (): string => join(projectFolder(), 'examples', 'operations');

/** Without the folder: the hint alone. */
export function exampleOperations(folder = operationsFolder()): ExampleOperations {
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
  const operations = ['query', 'subscription', 'mutation'].flatMap((type) =>
    all.filter(({ document }) => typeOf(document) === type),
  );
  return {
    operations,
    // Sandbox gets it in an address, which has no room for indentation: Prettify brings that back.
    document: [HEAD, ...operations.map(({ document }) => document.replace(/^ +/gm, ''))].join('\n'),
    variables: Object.assign({}, ...operations.map(({ variables }) => variables)),
  };
}
