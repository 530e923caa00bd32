// The probes of GraphQL scanners, sent to a server with the production configuration: without a token and with one. The
// probes are graphql-cop's, restated; a row that isn't empty is a finding.
import { loadConfig } from '../src/config';
import { aWorkspace, startApp, type TestApp, type TestWorkspace } from './support/app';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  const { sandbox } = loadConfig({ NODE_ENV: 'production' });
  app = await startApp({ config: { sandbox, failedLoginsPerMinute: 1_000_000 } });
  shop = await aWorkspace(app);
});
afterAll(() => app.stop());

interface Heard {
  status: number;
  text: string;
  body: { data?: Record<string, unknown> | null; errors?: { message: string; extensions?: object }[] };
}

type Ask = (init: {
  method?: string;
  body?: string;
  type?: string;
  search?: string;
  accept?: string;
}) => Promise<Heard>;

const asking =
  (token: string | undefined): Ask =>
  async ({ method = 'POST', body, type = 'application/json', search = '', accept = '*/*' }) => {
    const answer = await fetch(`${app.url}/graphql${search}`, {
      method,
      headers: {
        accept,
        ...(body === undefined ? {} : { 'content-type': type }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    return { status: answer.status, text, body: text.startsWith('{') ? JSON.parse(text) : {} };
  };

const query = (text: string): { body: string } => ({
  body: JSON.stringify({ query: text, operationName: 'cop' }),
});
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

interface Probe {
  /** True: the scanner would report it. */
  found(ask: Ask): Promise<boolean>;
  /**
   * Introspection is open to callers with a token, on purpose: analysts explore the schema, and authors mistype its
   * fields.
   */
  openToTokens?: true;
}

const PROBES: Record<string, Probe> = {
  'field suggestions': {
    openToTokens: true,
    found: async (ask) =>
      /did you mean/i.test((await ask(query('query cop { __schema { directive } }'))).text),
  },
  introspection: {
    openToTokens: true,
    found: async (ask) =>
      (await ask(query('query cop { __schema { types { name fields { name } } } }'))).body.data?.__schema !==
      undefined,
  },
  'a GraphQL IDE': {
    found: async (ask) =>
      /graphiql|playground|altair|voyager|sandbox/i.test(
        (await ask({ method: 'GET', accept: 'text/html' })).text,
      ),
  },
  'queries by GET without a preflight': {
    found: async (ask) =>
      (await ask({ method: 'GET', search: '?query=query%20cop%20%7B__typename%7D' })).body.data
        ?.__typename !== undefined,
  },
  'mutations by GET': {
    found: async (ask) =>
      (await ask({ method: 'GET', search: '?query=mutation%20cop%20%7B__typename%7D' })).body.data
        ?.__typename !== undefined,
  },
  'operations by a form (CSRF)': {
    found: async (ask) =>
      (await ask({ type: 'application/x-www-form-urlencoded', body: 'query=query+cop+%7B__typename%7D' }))
        .body.data?.__typename !== undefined,
  },
  '100 aliases': {
    found: async (ask) =>
      (await ask(query(`query cop { ${times(101, (index) => `alias${index}: __typename`)} }`))).body.data
        ?.alias100 !== undefined,
  },
  'a batch of 10': {
    found: async (ask) => {
      const one = { query: 'query cop { __typename }', operationName: 'cop' };
      return /"data"/.test((await ask({ body: JSON.stringify(Array(10).fill(one)) })).text);
    },
  },
  'one field 500 times': {
    found: async (ask) =>
      (await ask(query(`query cop { ${'__typename \n'.repeat(500)} }`))).body.data?.__typename !== undefined,
  },
  'a directive 10 times, each answered': {
    found: async (ask) =>
      (await ask(query(`query cop { __typename ${'@aa'.repeat(10)} }`))).body.errors?.length === 10,
  },
  'circles by introspection': {
    found: async (ask) =>
      (
        await ask(
          query(
            'query cop { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
          ),
        )
      ).body.data?.__schema !== undefined,
  },
  'circles by fragments': {
    found: async (ask) =>
      (await ask(query('query cop { ...a } fragment a on Query { ...b } fragment b on Query { ...a }')))
        .status !== 400 && (await ask(query('query cop { __typename }'))).status !== 401,
  },
  tracing: {
    found: async (ask) => /tracing|stacktrace/i.test((await ask(query('query cop { __typename }'))).text),
  },
  'unhandled errors': {
    found: async (ask) => /exception|stacktrace| at \//i.test((await ask(query('qwerty cop { abc }'))).text),
  },
};

it.each([['nobody'], ['a caller with a token']])('%s finds none of them', async (who) => {
  const token = who === 'nobody' ? undefined : shop.analyst;
  const found: string[] = [];
  for (const [name, probe] of Object.entries(PROBES)) {
    if (token !== undefined && probe.openToTokens) continue;
    if (await probe.found(asking(token))) found.push(name);
  }

  expect(found).toEqual([]);
  expect(Object.keys(PROBES).length).toBeGreaterThanOrEqual(12);
});

it('the probes do find an open door: introspection with a token', async () => {
  expect(await PROBES.introspection?.found(asking(shop.analyst))).toBe(true);
  expect((await asking(shop.analyst)(query('query cop { __typename }'))).body.data).toEqual({
    __typename: 'Query',
  });
});

it('every probe without a token gets the same 401', async () => {
  const texts = new Set<string>();
  const ask: Ask = async (init) => {
    const heard = await asking(undefined)(init);
    texts.add(`${heard.status} ${heard.text}`);
    return heard;
  };
  for (const probe of Object.values(PROBES)) await probe.found(ask);

  expect(texts.size).toBe(1);
  expect([...texts][0]).toMatch(/^401 /);
});
