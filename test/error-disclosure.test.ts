// Answers to faults of every kind are searched for what no caller may see: hosts, SQL, stacks, tokens and customers'
// words. LEAK_RESPONSES=10000 is the long form.
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';
import { SAVE, TOTALS } from './support/operations';

const RESPONSES = Number(process.env.LEAK_RESPONSES || 400);
const AT_ONCE = 8;
/** In every message, response, name and key that is sent. */
const WORD = 'parolasegreta';
const WORDS = "a customer's words";

let app: TestApp;
let shop: TestWorkspace;
let forbidden: Record<string, RegExp>;
beforeAll(async () => {
  app = await startApp({ config: { statementTimeoutMs: 1_000, failedLoginsPerMinute: 1_000_000 } });
  shop = await aWorkspace(app);
  await aCustomer(app, shop, { name: `${WORD} Rossi`, phoneNumber: '+393331234567' });
  const url = new URL(app.database.url);
  forbidden = {
    'host, port, user, password or name of the database': new RegExp(
      [url.host, url.password, app.database.name, `user "${url.username}"`, 'ECONN', ':5432']
        .filter((text) => text !== '')
        .map(escaped)
        .join('|'),
    ),
    SQL: /\b(SELECT|INSERT|UPDATE|DELETE FROM|WHERE|FROM|JOIN|COMMIT|ROLLBACK|unnest|relation|constraint|column "|trigger|syntax error at)\b|usage_slots|customer_days|_pkey|_fkey|idempotency_key\b/,
    'a stack': /\bat .*[:(]\d+:\d+|node_modules|\.(ts|js|mjs):\d|\/(src|dist|home|work|tmp)\//,
    'a token': new RegExp([shop.service, shop.client, shop.analyst].map((token) => token.slice(8)).join('|')),
    [WORDS]: new RegExp(WORD),
    'names of libraries':
      /typeorm|QueryFailedError|DatabaseError|apollo-server|fastify|FST_|graphql-js|TypeError/i,
  };
});
afterAll(() => app.stop());

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

interface Probe {
  path?: string;
  method?: string;
  token?: () => string | undefined;
  type?: string;
  body?: () => string;
}

const gql = (query: string, variables: () => Record<string, unknown> = () => ({})): Pick<Probe, 'body'> => ({
  body: () => JSON.stringify({ query, variables: variables() }),
});
const turn = (input: Record<string, unknown> = {}): Record<string, unknown> =>
  aTurn(shop, { message: `${WORD} uno`, response: `${WORD} due`, ...input });
const service = () => shop.service;
const analyst = () => shop.analyst;
const REGISTER = 'mutation ($input: RegisterCustomerInput!) { registerCustomer(input: $input) { id } }';
const BATCH =
  'mutation ($id: ID!, $items: [SaveMessageItem!]!) { saveMessages(workspaceId: $id, items: $items) { error { code message } } }';
const RECORDS = 'query ($id: ID!) { usageRecords(workspaceId: $id) { totalCount nodes { id } } }';

const PROBES: readonly Probe[] = [
  { token: service, ...gql(SAVE, () => ({ input: turn() })) },
  { token: service, ...gql(SAVE, () => ({ input: turn({ occurredAt: 'domani' }) })) },
  { token: service, ...gql(SAVE, () => ({ input: turn({ phoneNumber: WORD }) })) },
  { token: service, ...gql(SAVE, () => ({ input: turn({ message: { a: WORD } }) })) },
  { token: service, ...gql(SAVE, () => ({ input: turn({ message: `${WORD}`.repeat(6_000) }) })) },
  { token: service, ...gql(SAVE, () => ({ input: turn({ message: `${WORD}\u0000\ud800` }) })) },
  { token: service, ...gql(SAVE, () => ({ input: WORD })) },
  { token: service, ...gql(SAVE, () => ({ input: turn({ workspaceId: 'elsewhere' }) })) },
  { token: service, ...gql(`mutation { saveMessage(input: { message: "${WORD}" }) { replayed } }`) },
  { token: service, ...gql(`mutation { saveMessage(input: { message: "${WORD} }) { replayed } }`) },
  { token: service, ...gql(BATCH, () => ({ id: shop.id, items: [{ message: WORD }, turn()] })) },
  {
    token: service,
    ...gql(BATCH, () => ({ id: shop.id, items: [{ ...turn(), workspaceId: undefined, phoneNumber: WORD }] })),
  },
  {
    token: service,
    ...gql(REGISTER, () => ({ input: { workspaceId: shop.id, name: WORD, phoneNumber: '393331234567' } })),
  },
  { token: service, ...gql(REGISTER, () => ({ input: { workspaceId: shop.id, name: WORD } })) },
  { token: analyst, ...gql(TOTALS, () => ({ workspaceId: shop.id })) },
  { token: analyst, ...gql(TOTALS, () => ({ workspaceId: shop.id, timeZone: WORD.slice(0, 3) })) },
  { token: analyst, ...gql(RECORDS, () => ({ id: shop.id })) },
  { token: analyst, ...gql('{ workspaces { id } }') },
  { token: analyst, ...gql(`{ viewer(x: "${WORD}") { name } }`) },
  { token: analyst, body: () => `{"query": "${WORD}` },
  { token: analyst, body: () => `[${JSON.stringify(WORD)}]` },
  { token: analyst, type: 'text/plain', body: () => WORD },
  { token: analyst, type: 'application/graphql', body: () => `{ ${WORD} }` },
  { token: analyst, body: () => JSON.stringify({ query: '{ viewer { name } }', pad: WORD.repeat(400_000) }) },
  { token: () => undefined, ...gql(`{ ${WORD} }`) },
  {
    token: () => `${shop.service.slice(0, -1)}${shop.service.endsWith('0') ? '1' : '0'}`,
    ...gql(`{ ${WORD} }`),
  },
  { path: '/nothing', method: 'GET', token: analyst },
  { path: '/graphql?query=%7B', method: 'GET', token: analyst },
  { path: '/graphql', method: 'DELETE', token: analyst },
  { path: '/health/ready', method: 'GET', token: () => undefined },
];

/** Ways in which the database fails; each is undone before the next. */
const FAULTS: Record<string, { on: string[]; off: string[] }> = {
  none: { on: [], off: [] },
  'tables that are gone': {
    on: ['workspaces', 'charges', 'messages', 'customers', 'usage_slots'].map(
      (table) => `ALTER TABLE ${table} RENAME TO gone_${table}`,
    ),
    off: ['workspaces', 'charges', 'messages', 'customers', 'usage_slots'].map(
      (table) => `ALTER TABLE gone_${table} RENAME TO ${table}`,
    ),
  },
  'a trigger that quotes the row': {
    on: [
      "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no: %', NEW USING DETAIL = NEW::text; END $$",
      'CREATE TRIGGER tell BEFORE INSERT OR UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION tell()',
      'CREATE TRIGGER tell BEFORE INSERT OR UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION tell()',
    ],
    off: ['DROP FUNCTION tell() CASCADE'],
  },
  'a constraint that nobody keeps': {
    on: [
      'ALTER TABLE messages ADD CONSTRAINT nobody_keeps CHECK (false) NOT VALID',
      'ALTER TABLE customers ADD CONSTRAINT nobody_keeps CHECK (false) NOT VALID',
    ],
    off: [
      'ALTER TABLE messages DROP CONSTRAINT nobody_keeps',
      'ALTER TABLE customers DROP CONSTRAINT nobody_keeps',
    ],
  },
};

async function send({ path = '/graphql', method = 'POST', token, type, body }: Probe): Promise<string> {
  const bearer = token?.();
  const answer = await fetch(app.url + path, {
    method,
    headers: {
      'apollo-require-preflight': '1',
      ...(body ? { 'content-type': type ?? 'application/json' } : {}),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    ...(body ? { body: body() } : {}),
  });
  return `${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}`;
}

/** A saved turn is returned with its words; refusals must not repeat them. */
const leaksOf = (text: string): string[] =>
  Object.entries(forbidden).flatMap(([what, pattern]) =>
    pattern.test(text) && !(what === WORDS && text.startsWith('200 ')) ? [`${what} in ${text}`] : [],
  );

async function inParallel(jobs: (() => Promise<void>)[]): Promise<void> {
  const queue = [...jobs];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) await next();
    }),
  );
}

const perFault = Math.ceil(RESPONSES / Object.keys(FAULTS).length);

it.each(Object.entries(FAULTS))(
  `of ${perFault} answers with the fault "%s" none reveals a secret`,
  async (name, { on, off }) => {
    for (const statement of on) await app.database.sql(statement);
    const leaks: string[] = [];
    const statuses = new Set<string>();
    const jobs = Array.from({ length: perFault }, (_, index) => async () => {
      const text = await send(PROBES[index % PROBES.length] ?? {});
      statuses.add(text.slice(0, 3));
      leaks.push(...leaksOf(text.replaceAll('[FORBIDDEN]', '')).slice(0, 1));
    });
    await inParallel(jobs);
    for (const statement of off) await app.database.sql(statement);

    expect(leaks.slice(0, 5)).toEqual([]);
    expect([...statuses]).toEqual(expect.arrayContaining(['400', '401', '403', '404', '413', '415']));
    if (name !== 'none') expect([...statuses].some((status) => status >= '500')).toBe(true);
    else expect([...statuses].filter((status) => status >= '500')).toEqual([]);
  },
  600_000,
);

it('the log has no words or tokens of any of them', () => {
  const lines = app.logs().split('\n');
  const found = ['a token', WORDS].flatMap((what) =>
    lines.filter((line) => forbidden[what]?.test(line)).map((line) => `${what} in ${line}`),
  );

  expect(found.slice(0, 5)).toEqual([]);
});

it('the search would find each secret', () => {
  const url = new URL(app.database.url);
  for (const text of [
    `connect to ${url.host}`,
    'SELECT 1 FROM x',
    'relation "gone" does not exist',
    'at Object.run (/srv/app/server.js:10:3)',
    shop.service,
    `ciao ${WORD}`,
    'QueryFailedError',
  ]) {
    expect([text, leaksOf(text).length > 0]).toEqual([text, true]);
  }
});
