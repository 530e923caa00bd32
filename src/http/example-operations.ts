// What Apollo Sandbox opens with: the files of examples/operations as one document, ready to run.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../project-folder';

export interface ExampleOperations {
  document: string;
  variables: Record<string, unknown>;
}

const HEAD = `# Put a token into the headers below.
`;

/** The project's examples/operations, from the sources and from the build. */
const operationsFolder = (): string => join(projectFolder(), 'examples', 'operations');

/** All operations, reading ones first, and every variable that one of them takes. Without the folder: the hint alone. */
export function exampleOperations(folder = operationsFolder()): ExampleOperations {
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const texts = (ending: string) =>
    files.filter((name) => name.endsWith(ending)).map((name) => readFileSync(join(folder, name), 'utf8'));
  const operations = texts('.graphql');
  const writes = (text: string) => /^mutation\b/m.test(text);
  const ordered = [...operations.filter((text) => !writes(text)), ...operations.filter(writes)];
  return {
    document: [HEAD, ...ordered].join('\n'),
    variables: Object.assign({}, ...texts('.variables.json').map((text) => JSON.parse(text))),
  };
}
