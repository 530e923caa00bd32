// What docs/webhooks.md and the examples give to receivers, run on what Centesimo signs.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { signedHeaders } from '../src/services/signals/webhook-call';
import { newSecret } from '../src/services/signals/webhook-secrets';

const page = readFileSync(join(__dirname, '../docs/webhooks.md'), 'utf8');
const snippet = (language: string): string => {
  const found = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)?.[1];
  if (found === undefined) throw new Error(`docs/webhooks.md has no ${language}`);
  return found;
};

type Headers = Record<string, string>;
type Verify = (secret: string, headers: Headers, body: string) => boolean | Promise<boolean>;

/** What a TypeScript module exports. */
function load<Exports extends object>(source: string): Partial<Exports> {
  const { code } = transformSync(source, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  const module: { exports: Partial<Exports> } = { exports: {} };
  new Function('module', 'exports', 'require', code)(module, module.exports, require);
  return module.exports;
}

const typescript: Verify = (secret, headers, body) => {
  const { verify } = load<{ verify: (secret: string, headers: Headers, body: string) => boolean }>(
    snippet('ts'),
  );
  if (!verify) throw new Error('the snippet exports no verify');
  return verify(secret, headers, body);
};

/** The rule of n8n-nodes-centesimo. */
const trigger: Verify = (secret, headers, body) => {
  const source = readFileSync(join(__dirname, '../integrations/n8n/nodes/shared/signature.ts'), 'utf8');
  const { isSigned } = load<{ isSigned: (secret: string, headers: Headers, body: Buffer) => boolean }>(
    source,
  );
  if (!isSigned) throw new Error('the node exports no isSigned');
  return isSigned(secret, headers, Buffer.from(body));
};

/** The Code node of the example, with what n8n gives it; it throws what it does not believe. */
const codeNode: Verify = async (secret, headers, body) => {
  const example = readFileSync(join(__dirname, '../examples/n8n/tell-the-owner-webhook.json'), 'utf8');
  const { nodes }: { nodes: { name: string; parameters: { jsCode?: string } }[] } = JSON.parse(example);
  const code = nodes.find(({ name }) => name === 'Verify')?.parameters.jsCode ?? '';
  const run = new Function(
    ...['$input', 'helpers', 'require'],
    `return (async function () { ${code.replace('whsec_...', secret)} }).call({ helpers })`,
  );
  const helpers = { getBinaryDataBuffer: () => Promise.resolve(Buffer.from(body)) };
  try {
    const items = await run({ all: () => [{ json: { headers } }] }, helpers, require);
    expect(items).toEqual([
      { json: { id: headers['webhook-id'], ...JSON.parse(body) }, pairedItem: { item: 0 } },
    ]);
    return true;
  } catch (error) {
    expect(String(error)).toContain('not from Centesimo');
    return false;
  }
};

const python: Verify = (secret, headers, body) => {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', `${snippet('python')}\n${ASK}`], {
    input: JSON.stringify({ secret, headers, body }),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim() === 'True';
};
const ASK = `
import json, sys
asked = json.load(sys.stdin)
print(verify(asked["secret"], asked["headers"], asked["body"].encode()))`;

const hasPython =
  spawnSync('python3', ['-c', 'assert __import__("sys").version_info >= (3, 9)']).status === 0;

const secret = newSecret();
const BODY = '{"type":"USAGE_VOIDED","data":{"è":"€"}}';
const sent = (at = new Date(), secrets = [secret]): Headers =>
  signedHeaders({ secrets, id: '0190d2b4-0000-7000-8000-000000000000', body: BODY, at });

const CASES: [what: string, expected: boolean, headers: () => Headers, body: string][] = [
  ['a call as it is sent', true, () => sent(), BODY],
  ['a call within a day of a rotation', true, () => sent(new Date(), [newSecret(), secret]), BODY],
  ['a changed body', false, () => sent(), BODY.replace('VOIDED', 'voided')],
  ['a changed id', false, () => ({ ...sent(), 'webhook-id': 'another' }), BODY],
  ['a signature by another secret', false, () => sent(new Date(), [newSecret()]), BODY],
  ['a call of six minutes ago', false, () => sent(new Date(Date.now() - 360_000)), BODY],
  ['a call from the future', false, () => sent(new Date(Date.now() + 360_000)), BODY],
  ['a time that is none', false, () => ({ ...sent(), 'webhook-timestamp': 'now' }), BODY],
];

describe.each([
  ['TypeScript', typescript, true],
  ['Python', python, hasPython],
  ["n8n's Code node", codeNode, true],
  ['Centesimo Trigger', trigger, true],
] as const)('%s', (language, verify, isThere) => {
  (isThere ? it : it.skip).each(CASES)(`${language}: %s`, async (_, expected, headers, body) => {
    expect(await verify(secret, headers(), body)).toBe(expected);
  });
});
