// Authentication: the form of tokens, their life from creation to revocation, and that nothing else is accepted.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { Client } from 'pg';
import pino from 'pino';
import { hashOf, hintOf, isWellFormed, makeToken } from '../src/auth/tokens';
import { TokenVerifier } from '../src/services/tokens/token-verifier';
import { DAY_MS } from '../src/values/duration';
import {
  ACTOR,
  aToken,
  aTurn,
  aWorkspace,
  startApp,
  startBeside,
  type TestApp,
  type TestWorkspace,
} from './support/app';
import { until } from './support/embedded-process';
import { hasLongForms } from './support/long-form';
import { SAVE } from './support/operations';

const VIEWER = '{ viewer { name kind scopes expiresAt } }';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp({ config: { failedLoginsPerMinute: 1_000_000 } });
  shop = await aWorkspace(app);
});
afterAll(() => app.stop());

const make = (input: { kind?: string; scopes?: string[]; expiresInDays?: number; name?: string } = {}) =>
  app.services.tokens.create({ kind: 'client', name: 'test', workspaceIds: [shop.id], ...input }, ACTOR);

const statusOf = async (token: string | undefined): Promise<number> =>
  (await app.api.as(token).send(VIEWER)).status;

describe('the form of a token', () => {
  it.each([
    ['SERVICE', 'svc'],
    ['CLIENT', 'cli'],
    ['ANALYST', 'ana'],
  ] as const)('of %s is ctm_%s_, 30 random characters and a checksum', (kind, letters) => {
    const token = makeToken(kind);

    expect(token).toMatch(new RegExp(`^ctm_${letters}_[0-9A-Za-z]{36}$`));
    expect(isWellFormed(token)).toBe(true);
    expect(hintOf(token)).toBe(`ctm_${letters}_…${token.slice(-4)}`);
    expect(hashOf(token)).toHaveLength(32);
  });

  it('uses every character about equally often', () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 2_000; index += 1) {
      for (const letter of makeToken('CLIENT').slice(8, 38))
        counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    const expected = (2_000 * 30) / 62;
    const deviations = [...counts.values()].map((count) => (count - expected) ** 2 / expected);

    expect(counts.size).toBe(62);
    // Chi-squared with 61 degrees of freedom: 1 in a million is above 130.
    expect(deviations.reduce((sum, value) => sum + value, 0)).toBeLessThan(130);
  });

  it('detects every changed character without asking the database', async () => {
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    let accepted = 0;
    for (let index = 0; index < (hasLongForms ? 1_000 : 100); index += 1) {
      const token = makeToken('SERVICE');
      for (let at = 0; at < token.length; at += 1) {
        for (const letter of alphabet) {
          if (letter !== token[at] && isWellFormed(token.slice(0, at) + letter + token.slice(at + 1)))
            accepted += 1;
        }
      }
    }
    app.statements();
    const { token } = await make();
    app.statements();
    for (let at = 0; at < token.length; at += 1) {
      const letter = token[at] === 'x' ? 'y' : 'x';
      await expect(
        app.services.tokens.verify(token.slice(0, at) + letter + token.slice(at + 1)),
      ).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }

    expect(accepted).toBe(0);
    expect(app.statements()).toEqual([]);
  });

  it.each([
    ['empty', ''],
    ['too short', 'ctm_svc_'],
    ['long', 'x'.repeat(10_000)],
    ['of another kind', `ctm_own_${'0'.repeat(36)}`],
    ['beyond ASCII', '🙂'],
  ])('is not %s', (_, text) => {
    expect(isWellFormed(text)).toBe(false);
  });
});

describe('what is stored and shown of a token', () => {
  it('is its hash; the token itself is in no table, list or log', async () => {
    const { token } = await make({ name: 'secret keeper' });
    await app.api.as(token).data(VIEWER);
    const secret = token.slice(8);
    const tables = await app.database.sql<{ dump: string }>(
      `SELECT (SELECT string_agg(t::text, ' ') FROM tokens t) || (SELECT string_agg(a::text, ' ') FROM audit_entries a) AS dump`,
    );

    expect(tables[0]?.dump).toContain('secret keeper');
    expect(tables[0]?.dump).not.toContain(secret);
    expect(JSON.stringify(await app.services.tokens.list())).not.toContain(secret);
    expect(app.logs()).not.toContain(secret);
  });

  it('has the default scopes and life of its kind', async () => {
    const [service, client] = [await make({ kind: 'Service' }), await make({ kind: 'client' })];
    const days = (at: Date) => (at.getTime() - app.clock.now().getTime()) / DAY_MS;

    expect(service.scopes).toEqual(['messages:write', 'customers:write', 'contacts:check']);
    expect(client.scopes).toEqual(['usage:read', 'export:read']);
    expect([days(service.expiresAt), days(client.expiresAt)]).toEqual([365, 90]);
  });

  it('says who the caller is', async () => {
    const { token, expiresAt } = await make({ kind: 'analyst', name: 'Anna' });

    expect(await app.api.as(token).data(VIEWER)).toEqual({
      viewer: {
        name: 'Anna',
        kind: 'ANALYST',
        scopes: ['export:read', 'messages:read', 'usage:read'],
        expiresAt: expiresAt.toISOString(),
      },
    });
  });

  it('is audited: who made, rotated and revoked it', async () => {
    const { id, token } = await make({ name: 'audited' });
    const successor = await app.services.tokens.rotate(id, { name: 'Rita' });
    await app.services.tokens.revoke(id, { name: 'Remo' });
    const entries = await app.database.sql<{ action: string; actor: string; text: string }>(
      'SELECT action, actor, a::text AS text FROM audit_entries a WHERE subject = $1 ORDER BY at, id',
      [id],
    );

    expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
      ['token.created', 'test'],
      ['token.rotated', 'Rita'],
      ['token.revoked', 'Remo'],
    ]);
    expect(entries.map(({ text }) => text).join()).not.toContain(token.slice(8));
    expect(entries.map(({ text }) => text).join()).toContain(successor.id);
  });
});

describe('a token that may not be made', () => {
  it.each([
    [{ kind: 'user' }, 'not a kind of token'],
    [{ kind: 'admin' }, 'not a kind of token'],
    [
      { kind: 'client', scopes: ['messages:write'] },
      'Only a service token may have the scope messages:write',
    ],
    [{ kind: 'analyst', scopes: ['usage:read', 'customers:write'] }, 'Only a service token'],
    [{ scopes: ['everything'] }, '"everything" is not a scope'],
    [{ expiresInDays: 0 }, '1 to 730 days'],
    [{ expiresInDays: 731 }, '1 to 730 days'],
    [{ expiresInDays: 1.5 }, '1 to 730 days'],
    [{ name: ' ' }, ''],
  ])('%j', async (input, words) => {
    await expect(make(input)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining(words),
    });
  });

  it('for an unknown workspace, or for none', async () => {
    const of = (workspaceIds: string[]) =>
      app.services.tokens.create({ kind: 'client', name: 'x', workspaceIds }, ACTOR);

    await expect(of(['nowhere'])).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(of([])).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('has reading scopes for a service token only when they are asked for', async () => {
    const { scopes } = await make({ kind: 'service', scopes: ['messages:write', 'usage:read'] });

    expect(scopes).toEqual(['messages:write', 'usage:read']);
  });
});

describe('authentication', () => {
  it('gives the same 401 for every reason and every document', async () => {
    const expired = await make({ expiresInDays: 1 });
    const revoked = await make();
    await app.services.tokens.revoke(revoked.id, ACTOR);
    app.clock.advance(DAY_MS);
    const callers = [undefined, 'nonsense', makeToken('SERVICE'), expired.token, revoked.token, 'a.b.c'];
    const answers = [];
    for (const caller of callers) {
      for (const document of [VIEWER, '{', '{ __schema { types { name } } }', 'mutation { nothing }', '']) {
        const { status, headers, body } = await app.api.as(caller).send(document);
        answers.push(JSON.stringify([status, headers.get('www-authenticate'), body]));
      }
    }
    app.clock.advance(-DAY_MS);

    expect([...new Set(answers)]).toEqual([
      JSON.stringify([
        401,
        'Bearer',
        {
          errors: [
            {
              message:
                '[UNAUTHENTICATED] A valid token is needed: Authorization: Bearer ctm_... Is it complete, expired or revoked?',
              extensions: { code: 'UNAUTHENTICATED' },
            },
          ],
        },
      ]),
    ]);
  });

  it.each(['Basic abc', 'Bearer', 'Bearer  two words', 'token', ''])(
    'is closed to %j',
    async (authorization) => {
      const answer = await app.api.post(JSON.stringify({ query: VIEWER }), { authorization });

      expect(answer.status).toBe(401);
    },
  );

  it('accepts "bearer" in upper and lower case', async () => {
    const answer = await app.api.post(JSON.stringify({ query: VIEWER }), {
      authorization: `bearer ${shop.client}`,
    });

    expect(answer.status).toBe(200);
  });

  it('asks the database once for simultaneous callers, and not again for a while', async () => {
    const { token } = await make();
    app.statements();
    await Promise.all(Array.from({ length: 20 }, () => app.services.tokens.verify(token)));
    await app.services.tokens.verify(token);

    expect(app.statements().filter((name) => name === 'find_token')).toHaveLength(1);
  });

  it('refuses a token from the instant it expires, even while its check is cached', async () => {
    const { token, expiresAt } = await make({ expiresInDays: 3 });
    const now = app.clock.now();
    app.clock.set(new Date(expiresAt.getTime() - 1));
    const before = await statusOf(token);
    app.clock.set(expiresAt);
    const at = await statusOf(token);
    app.clock.set(now);

    expect([before, at]).toEqual([200, 401]);
  });

  it('warns in the log from 30 days before the end, once a day', async () => {
    const forgetful = await startBeside(app, { tokenCacheMs: 0 });
    const { id, token } = await make({ expiresInDays: 30 });
    for (let index = 0; index < 3; index += 1) {
      await forgetful.services.tokens.verify(token);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const asked = forgetful.statements().filter((name) => name === 'find_token');
    await forgetful.stop();
    const warnings = forgetful
      .logs()
      .split('\n')
      .filter((line) => line.includes('expires soon') && line.includes(id));

    expect(asked).toHaveLength(3);
    expect(warnings).toHaveLength(1);
    expect((await app.services.tokens.list()).find((listed) => listed.id === id)?.state).toBe('expires soon');
  });
});

it('does not cache a check that was running when its token was revoked', async () => {
  const { id, token } = await make();
  const verifier = new TokenVerifier(app.database, app.clock.now, pino({ level: 'silent' }), {
    cacheMs: 60_000,
  });
  const holder = new Client({ connectionString: app.database.url });
  await holder.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE');
    app.statements();
    const underWay = verifier.verify(token);
    await until(async () => {
      const [row] = await app.database.sql<{ waiting: boolean }>(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock') AS waiting",
        [app.database.name],
      );
      return row?.waiting === true;
    }, 'the check to wait');
    verifier.forget(id);
    await holder.query('ROLLBACK');
    await underWay;
    await verifier.verify(token);
    await verifier.verify(token);
  } finally {
    await holder.end();
    await verifier.close();
  }

  expect(app.statements().filter((name) => name === 'find_token')).toHaveLength(2);
});

describe('when a token was last used', () => {
  const lastUsedAt = async (id: string): Promise<string | undefined> =>
    (await app.services.tokens.list()).find((token) => token.id === id)?.lastUsedAt?.toISOString();

  it('is noted at most once a minute', async () => {
    const { id, token } = await make();
    const first = app.clock.now().toISOString();
    await app.api.as(token).data(VIEWER);
    await until(async () => (await lastUsedAt(id)) === first, 'the first use');
    app.clock.advance(59_000);
    app.statements();
    await app.api.as(token).data(VIEWER);
    const quiet = app.statements().includes('note_token_uses');
    app.clock.advance(1_000);
    await app.api.as(token).data(VIEWER);
    await until(async () => (await lastUsedAt(id)) === app.clock.now().toISOString(), 'the next use');

    expect(quiet).toBe(false);
  });

  it("fails no request when it can't be written", async () => {
    const { token } = await make();
    await app.database.sql(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
       CREATE TRIGGER refuse BEFORE UPDATE ON tokens EXECUTE FUNCTION refuse()`,
    );
    const status = await statusOf(token);
    await app.database.sql('DROP TRIGGER refuse ON tokens; DROP FUNCTION refuse()');

    expect(status).toBe(200);
  });
});

describe('revocation', () => {
  it('reaches another server whose clock stands still and whose cache never ends', async () => {
    const other = await startBeside(app);
    try {
      const { id, token } = await make();
      const asked = () => other.api.as(token).send(VIEWER);
      expect((await asked()).status).toBe(200);
      await app.services.tokens.revoke(id, ACTOR);

      await until(async () => (await asked()).status === 401, 'a refusal by the other server');
    } finally {
      await other.stop();
    }
  });

  it('reaches a server that had lost its connection', async () => {
    const { id, token } = await make();
    expect(await statusOf(token)).toBe(200);
    await app.database.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    );
    await app.database.sql('UPDATE tokens SET revoked_at = now() WHERE id = $1', [id]);

    await until(async () => (await statusOf(token)) === 401, 'a refusal');
    const listening = await app.database.sql<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    );
    expect(listening[0]?.n).toBe(1);
  });

  it('may be repeated, and reports an unknown token', async () => {
    const { id } = await make();
    const first = await app.services.tokens.revoke(id, ACTOR);
    app.clock.advance(1_000);
    const second = await app.services.tokens.revoke(id, ACTOR);

    expect(second.revokedAt).toEqual(first.revokedAt);
    for (const unknown of ['nothing', '0190d2b4-0000-7000-8000-000000000000']) {
      await expect(app.services.tokens.revoke(unknown, ACTOR)).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
      });
    }
  });
});

describe('rotation', () => {
  it('gives a new token at once, and the old one stays valid for a day', async () => {
    const old = await make({ kind: 'service' });
    const made = await app.services.tokens.rotate(old.id, ACTOR);
    const save = (token: string) => app.api.as(token).send(SAVE, { input: aTurn(shop) });
    const during = [(await save(old.token)).status, (await save(made.token)).status];
    const now = app.clock.now();
    app.clock.advance(DAY_MS);
    const after = [(await save(old.token)).status, (await save(made.token)).status];
    app.clock.set(now);

    expect(during).toEqual([200, 200]);
    expect(after).toEqual([401, 200]);
    expect(made.scopes).toEqual(old.scopes);
    expect(made.token).not.toBe(old.token);
  });

  it('under load fails no request, whenever callers change to the new token', async () => {
    let current = await make({ kind: 'service' });
    const statuses: number[] = [];
    let rotating = true;
    const caller = async (): Promise<void> => {
      while (rotating) {
        // A caller who has just read the old token sends it a little later.
        const { token } = current;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
        statuses.push((await app.api.as(token).send(SAVE, { input: aTurn(shop) })).status);
      }
    };
    const callers = Array.from({ length: 8 }, caller);
    for (let index = 0; index < 10; index += 1) {
      current = await app.services.tokens.rotate(current.id, ACTOR, 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    rotating = false;
    await Promise.all(callers);

    expect(statuses.length).toBeGreaterThan(100);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it('never extends the life of the old token', async () => {
    const old = await make({ expiresInDays: 1 });
    const made = await app.services.tokens.rotate(old.id, ACTOR, 48);

    expect(made.oldExpiresAt).toEqual(old.expiresAt);
    expect((await app.services.tokens.list()).find(({ id }) => id === old.id)?.expiresAt).toEqual(
      old.expiresAt,
    );
  });

  it('without overlap ends the old token now; a revoked one has no successor', async () => {
    const { id, token } = await make();
    await app.services.tokens.rotate(id, ACTOR, 0);

    expect(await statusOf(token)).toBe(401);
    await expect(app.services.tokens.rotate(id, ACTOR)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(app.services.tokens.rotate(id, ACTOR, -1)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe("a database that can't be reached", () => {
  it('gives 503, never 401, whether it is cut off or silent', async () => {
    const gate = await aGate(new URL(app.database.url));
    const url = new URL(app.database.url);
    url.hostname = '127.0.0.1';
    url.port = String(gate.port);
    const behind = await startApp({
      database: { ...app.database, url: url.toString() },
      clock: app.clock,
      config: { tokenCacheMs: 0 },
    });
    try {
      const token = await aToken(app, { kind: 'client', workspaceIds: [shop.id] });
      expect((await behind.api.as(token).send(VIEWER)).status).toBe(200);
      for (const fault of ['silent', 'cut'] as const) {
        gate.fault = fault;
        if (fault === 'cut') gate.cutAll();
        const { status, headers, body } = await behind.api.as(token).send(VIEWER);
        expect([fault, status, body.errors?.[0]?.extensions.code]).toEqual([
          fault,
          503,
          'SERVICE_UNAVAILABLE',
        ]);
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      }
      gate.fault = undefined;
      await until(async () => (await behind.api.as(token).send(VIEWER)).status === 200, 'the database again');
    } finally {
      gate.fault = 'cut';
      gate.cutAll();
      await behind.stop();
      await gate.close();
    }
  });
});

interface Gate {
  port: number;
  fault: 'silent' | 'cut' | undefined;
  cutAll(): void;
  close(): Promise<void>;
}

/** A TCP proxy between server and database that can stop answering or refuse connections. */
async function aGate(to: URL): Promise<Gate> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    if (gate.fault === 'cut') {
      socket.destroy();
      return;
    }
    const up = connect(Number(to.port || 5432), to.hostname);
    for (const [from, into] of [
      [socket, up],
      [up, socket],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => {
        if (gate.fault !== 'silent') into.write(data);
      });
      from.on('close', () => {
        sockets.delete(from);
        into.destroy();
      });
      from.on('error', () => into.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const gate: Gate = {
    port: typeof address === 'object' && address ? address.port : 0,
    fault: undefined,
    cutAll: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return gate;
}
