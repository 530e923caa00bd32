// Types of the dashboard's operations, and of the example for frontends, from the server's schema.graphql:
// `npm run codegen -w dashboard` writes them, `--check` fails when they are stale. graphql-codegen's command line needs a
// newer Node than the product, so its client preset is run by itself.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preset } from '@graphql-codegen/client-preset';
import { codegen } from '@graphql-codegen/core';
import { buildASTSchema, parse, visit } from 'graphql';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

// Without its prose, so that only a change of the contract makes the types stale.
const schema = visit(parse(readFileSync(join(root, 'schema.graphql'), 'utf8')), {
  enter: (node) => ('description' in node ? { ...node, description: undefined } : undefined),
});
const config = {
  strictScalars: true,
  enumsAsTypes: true,
  useTypeImports: true,
  skipTypename: true,
  // Decimals stay text: the type is what Intl takes without putting it through a float.
  scalars: {
    CurrencyCode: 'string',
    DateTime: 'string',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a type of TypeScript
    Decimal: '`${number}`',
    LocalDate: 'string',
    PhoneNumber: 'string',
    JSON: 'unknown',
    SafeInt: 'number',
    TimeZone: 'string',
    YearMonth: 'string',
  },
};

// The example's settings are the file that docs/dashboards.md shows.
const example = JSON.parse(readFileSync(join(root, 'examples/frontend/codegen.json'), 'utf8')).generates[
  'gql/'
];

const targets = [
  { folder: join(root, 'dashboard/src'), config },
  { folder: join(root, 'examples/frontend'), config: example.config },
];

let stale = false;
for (const { folder, config } of targets) {
  const output = join(folder, 'gql');
  const text = await generate(join(folder, 'operations'), `${output}/`, config);
  if (process.argv.includes('--check')) {
    stale ||= read(join(output, 'graphql.ts')) !== text;
    continue;
  }
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, 'graphql.ts'), text);
}
if (stale) {
  console.error('Generated types are stale: npm run codegen -w dashboard');
  process.exit(1);
}

async function generate(operations, baseOutputDir, config) {
  const documents = readdirSync(operations)
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => {
      const rawSDL = readFileSync(join(operations, name), 'utf8');
      return { location: join(operations, name), rawSDL, document: parse(rawSDL) };
    });
  const sections = await preset.buildGeneratesSection({
    baseOutputDir,
    schema,
    schemaAst: buildASTSchema(schema),
    documents,
    config,
    presetConfig: { fragmentMasking: false },
    plugins: [],
    pluginMap: {},
  });
  // Only the types and documents: the map from text to document would ship every operation twice.
  const section = sections.find(({ filename }) => filename.endsWith('/graphql.ts'));
  return `${await codegen({ ...section, cache: undefined })}\n`;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
