// People with tokens of an external login: which are accepted, which are refused, and what happens when the login is
// down.
import { createHmac } from 'node:crypto';
import { exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { aTurn, aWorkspace, startApp, startBeside, type TestApp, type TestWorkspace } from './support/app';
import { AUDIENCE, aLogin, ISSUER, type Login } from './support/login';
import { SAVE } from './support/operations';

const VIEWER = '{ viewer { name kind scopes expiresAt workspaces { id } } }';
interface ViewerData {
  viewer: { name: string; kind: string; scopes: string[]; expiresAt: string; workspaces: { id: string }[] };
}

let app: TestApp;
let login: Login;
let shop: TestWorkspace;

const start = async (): Promise<void> => {
  login = await aLogin(() => app.clock.now());
  app = await startApp({ config: { ...login.config, failedLoginsPerMinute: 1_000_000 } });
  shop = await aWorkspace(app);
};
const stop = async (): Promise<void> => {
  await app.stop();
  await login.close();
};

const viewer = async (claims: Record<string, unknown>): Promise<ViewerData['viewer']> =>
  (await app.api.as(await login.sign({ workspaces: [shop.id], ...claims })).data<ViewerData>(VIEWER)).viewer;

const status = async (token: string): Promise<number> => (await app.api.as(token).send(VIEWER)).status;

const encode = (part: object | string): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

describe("a person's token", () => {
  beforeAll(start);
  afterAll(stop);

  it('says who it is, with the workspaces of its claim', async () => {
    expect(await viewer({ name: 'Anna Verdi' })).toEqual({
      name: 'Anna Verdi',
      kind: 'USER',
      scopes: ['usage:read'],
      expiresAt: new Date(app.clock.now().getTime() + 3_600_000).toISOString(),
      workspaces: [{ id: shop.id }],
    });
  });

  it.each([
    ['messages:read export:read openid profile', ['export:read', 'messages:read', 'usage:read']],
    [['messages:read'], ['messages:read', 'usage:read']],
    ['openid', ['usage:read']],
    [{ not: 'a list' }, ['usage:read']],
  ])('with the scope %j may do %j', async (scope, scopes) => {
    expect((await viewer({ scope })).scopes).toEqual(scopes);
  });

  it.each([[[]], [undefined], [7], [[null, 7]]])(
    'with the workspaces %j has no workspace',
    async (workspaces) => {
      expect((await viewer({ workspaces })).workspaces).toEqual([]);
    },
  );

  it('never writes, whatever the login claims', async () => {
    const token = await login.sign({ workspaces: [shop.id], scope: 'messages:write customers:write' });

    expect(await app.api.as(token).code(SAVE, { input: aTurn(shop) })).toBe('FORBIDDEN');
  });

  it('is good until 5 s after its end, for clocks that differ', async () => {
    const at = Math.floor(app.clock.now().getTime() / 1_000);

    expect(await status(await login.sign({ exp: at - 4 }))).toBe(200);
    expect(await status(await login.sign({ exp: at - 5 }))).toBe(401);
    expect(await status(await login.sign({ nbf: at + 5 }))).toBe(200);
    expect(await status(await login.sign({ nbf: at + 6 }))).toBe(401);
    expect(await status(await login.sign({ iat: at + 5 }))).toBe(200);
    expect(await status(await login.sign({ iat: at + 6 }))).toBe(401);
  });

  it('may end in the year 9999 and no later', async () => {
    const last = Date.parse('9999-12-31T23:59:59Z') / 1_000;

    expect((await viewer({ exp: last })).expiresAt).toBe('9999-12-31T23:59:59.000Z');
    expect(await status(await login.sign({ exp: last + 1 }))).toBe(401);
  });
});

describe('a forgery', () => {
  beforeAll(start);
  afterAll(stop);

  /** name -> how it is made. */
  const FORGERIES: Record<string, () => Promise<string>> = {
    'no signature (alg none)': async () => `${encode({ alg: 'none' })}.${encode(await claims())}.`,
    'alg None in other letters': async () =>
      `${encode({ alg: 'nOnE', kid: 'key-1' })}.${encode(await claims())}.`,
    'HS256 with the public key as its secret': async () => {
      const key = await importJWK(login.publicJwk, 'RS256', { extractable: true });
      if (key instanceof Uint8Array) throw new Error('a public key is expected');
      return hmac({ alg: 'HS256', kid: 'key-1' }, await exportSPKI(key));
    },
    'HS256 with the JWK as its secret': () =>
      hmac({ alg: 'HS256', kid: 'key-1' }, JSON.stringify(login.publicJwk)),
    'HS256 with an empty secret': () => hmac({ alg: 'HS256', kid: 'key-1' }, ''),
    'another issuer': () => login.sign({ iss: 'https://evil.example.com/' }),
    'no issuer': () => without('iss'),
    'another audience': () => login.sign({ aud: 'somebody-else' }),
    'no audience': () => without('aud'),
    expired: () => login.sign({ exp: seconds() - 6 }),
    'no end': () => without('exp'),
    'no beginning (iat)': () => without('iat'),
    'nobody (no sub)': () => without('sub'),
    'an empty sub': () => login.sign({ sub: ' ' }),
    'not yet valid': () => login.sign({ nbf: seconds() + 60 }),
    'made in the future (iat)': () => login.sign({ iat: seconds() + 6 }),
    'an end in milliseconds instead of seconds': () => login.sign({ exp: seconds() * 1_000 }),
    'an end that is no instant': () => login.sign({ exp: 1e300 }),
    'an unknown kid': () => login.sign({}, { kid: 'key-99' }),
    'a kid that is a path': () => login.sign({}, { kid: '../../etc/passwd' }),
    "the forger's own key": () => ownKey({}),
    "the forger's own key in the header (jwk)": async () => ownKey({ jwk: login.publicJwk }),
    "the forger's own key at an address (jku)": () => ownKey({ jku: 'http://127.0.0.1:1/jwks' }),
    "the forger's own certificate (x5u)": () => ownKey({ x5u: 'http://127.0.0.1:1/cert' }),
    'a critical header nobody knows': async () => tamper(await login.sign({}), { crit: ['exp2'], exp2: 1 }),
    "the forger's own key of another family": () => ownKey({}, 'ES256'),
    'the right key, used in a way that is not agreed on': () => login.signWith('PS256', {}),
    'the right key with a longer hash': () => login.signWith('RS512', {}),
    'changed claims under an old signature': async () => {
      const [header = '', , signature = ''] = (await login.sign({})).split('.');
      return `${header}.${encode({ ...(await claims()), workspaces: ['x'] })}.${signature}`;
    },
    'a cut signature': async () => (await login.sign({})).slice(0, -8),
    'claims that are no JSON': async () => {
      const [header = '', , signature = ''] = (await login.sign({})).split('.');
      return `${header}.${encode('not json')}.${signature}`;
    },
    'an encrypted token': async () => `${encode({ alg: 'dir', enc: 'A256GCM' })}..a.b.c`,
    'one part too many': async () => `${await login.sign({})}.x`,
  };

  const seconds = (): number => Math.floor(app.clock.now().getTime() / 1_000);
  const claims = async (): Promise<Record<string, unknown>> => ({
    ...{ iss: ISSUER, aud: AUDIENCE, sub: 'anna', iat: seconds(), exp: seconds() + 3_600 },
    workspaces: [shop.id],
  });
  const hmac = async (header: object, secret: string): Promise<string> => {
    const text = `${encode(header)}.${encode(await claims())}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const without = (claim: string): Promise<string> => login.sign({ [claim]: undefined });
  const ownKey = async (header: Record<string, unknown>, alg = 'RS256'): Promise<string> => {
    const { privateKey } = await generateKeyPair(alg);
    return new SignJWT(await claims()).setProtectedHeader({ alg, kid: 'key-1', ...header }).sign(privateKey);
  };
  const tamper = (token: string, header: object): string => {
    const [old = '', ...rest] = token.split('.');
    return [encode({ ...JSON.parse(Buffer.from(old, 'base64url').toString()), ...header }), ...rest].join(
      '.',
    );
  };

  it('is refused with the usual 401', async () => {
    const anonymous = await app.api.send(VIEWER);
    const accepted: string[] = [];
    for (const [name, forge] of Object.entries(FORGERIES)) {
      const { status, body } = await app.api.as(await forge()).send(VIEWER);
      if (status !== 401 || JSON.stringify(body) !== JSON.stringify(anonymous.body)) {
        accepted.push(`${name}: ${status} ${JSON.stringify(body)}`);
      }
    }

    expect(accepted).toEqual([]);
    expect(Object.keys(FORGERIES).length).toBeGreaterThanOrEqual(20);
    // The same helpers make a valid one.
    expect(await status(await login.sign({}))).toBe(200);
  });
});

describe('the keys of the login', () => {
  // Each with keys that no server has fetched yet.
  beforeEach(start);
  afterEach(stop);

  it('are fetched once for many tokens', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => login.sign({})));
    const answers = await Promise.all(tokens.map(status));

    expect(answers).toEqual(Array(20).fill(200));
    expect(login.asked()).toBe(1);
  });

  it.each([
    ['answers with an error', { status: 500, body: 'sorry' }],
    ['is moved', { status: 302, body: '' }],
    ['answers with no JSON', { status: 200, body: '<html>' }],
    ['answers with no keys', { status: 200, body: '{"nothing":1}' }],
    ['is silent', 'silent'],
  ] as const)('503 and never 401 when their address %s', async (_, fault) => {
    login.fault = fault;
    const { status: code, headers, body } = await app.api.as(await login.sign({})).send(VIEWER);

    expect([code, body.errors?.[0]?.extensions.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(headers.get('retry-after')).toBe('1');
    // Our own tokens need no login.
    expect(await status(shop.client)).toBe(200);
    login.fault = undefined;
    expect(await status(await login.sign({}))).toBe(200);
  });

  it("can't be reached: 503", async () => {
    const token = await login.sign({});
    await login.close();

    expect(await status(token)).toBe(503);
  });

  it('may be replaced: a new key is fetched when it first turns up', async () => {
    const before = await login.sign({});
    // Before the keys were first asked for; afterwards a new fetch waits for the cool-down of 30 s.
    await login.rotate(true);

    expect(await status(await login.sign({}))).toBe(200);
    expect(await status(before)).toBe(200);
    expect(login.asked()).toBe(1);
  });

  it('that are withdrawn are refused', async () => {
    const before = await login.sign({});
    await login.rotate(false);

    expect([await status(await login.sign({})), await status(before)]).toEqual([200, 401]);
  });

  it('without a login, a JSON Web Token is a bad token like any other', async () => {
    const plain = await startBeside(app);
    const { status: code, body } = await plain.api.as(await login.sign({})).send(VIEWER);
    await plain.stop();

    expect([code, body.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
  });
});
