// Types of every operation in src/operations from the server's schema.graphql: `npm run codegen -w dashboard` writes
// them, `--check` fails when they are stale. graphql-codegen's command line needs a newer Node than the product, so its
// client preset is run by itself.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preset } from '@graphql-codegen/client-preset';
import { codegen } from '@graphql-codegen/core';
import { buildASTSchema, parse, visit } from 'graphql';

const here = dirname(fileURLToPath(import.meta.url));
const operations = join(here, 'src/operations');
const output = join(here, 'src/gql');

// Without its prose, so that only a change of the contract makes the types stale.
const schema = visit(parse(readFileSync(join(here, '../schema.graphql'), 'utf8')), {
  enter: (node) => ('description' in node ? { ...node, description: undefined } : undefined),
});
const documents = readdirSync(operations)
  .filter((name) => name.endsWith('.graphql'))
  .sort()
  .map((name) => {
    const rawSDL = readFileSync(join(operations, name), 'utf8');
    return { location: join(operations, name), rawSDL, document: parse(rawSDL) };
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
    PhoneNumber: 'string',
    SafeInt: 'number',
    TimeZone: 'string',
    YearMonth: 'string',
  },
};

const sections = await preset.buildGeneratesSection({
  baseOutputDir: `${output}/`,
  schema,
  schemaAst: buildASTSchema(schema),
  documents,
  config,
  presetConfig: { fragmentMasking: false },
  plugins: [],
  pluginMap: {},
});

const files = new Map();
for (const section of sections) {
  // Only the types and documents: the map from text to document would ship every operation twice.
  if (!section.filename.endsWith('/graphql.ts')) continue;
  files.set('graphql.ts', `${await codegen({ ...section, cache: undefined })}\n`);
}

if (process.argv.includes('--check')) {
  const stale = [...files].filter(([name, text]) => read(join(output, name)) !== text);
  if (stale.length > 0) {
    console.error('dashboard/src/gql is stale: npm run codegen -w dashboard');
    process.exit(1);
  }
} else {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(output, name), text);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
