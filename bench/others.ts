// Rows about statements per list, exports, starting and storage.

import { get } from 'node:http';
import pino from 'pino';
import { startApp } from '../src/app';
import { loadConfig } from '../src/config';
import { startEmbedded } from '../src/embedded/embedded';
import { Caller, spread } from './client';
import { LARGE, SMALL } from './data-set';
import { checkData } from './operations';
import { residentBytes, startServer, watchMemory } from './processes';
import { mb, ms, range, times } from './results';
import type { Bench } from './writes';

const CUSTOMERS = `query List($workspaceId: ID!) {
  customers(workspaceId: $workspaceId, first: 50) { nodes { name usage(period: { month: "2025-11" }) { messages } } }
}`;

/** In this process, so that its statements can be counted: those of a snapshot besides its BEGIN and COMMIT. */
export async function measureList({ results, tokens, databaseUrl }: Bench): Promise<void> {
  const statements: string[] = [];
  const config = { ...loadConfig({}), databaseUrl, port: 0, readPointsPerSecond: 1_000_000_000 };
  const app = await startApp(config, {
    clock: () => new Date(),
    logger: pino({ level: 'warn' }),
    observe: (name) => statements.push(name),
  });
  const caller = new Caller(app.url, '/graphql', tokens.client);
  const body = JSON.stringify({ query: CUSTOMERS, variables: { workspaceId: LARGE } });
  const ask = async () => checkData(await caller.post(body));
  for (let warm = 0; warm < 20; warm += 1) await ask();
  statements.length = 0;
  await ask();
  const counted = statements.filter(
    (name) => !['begin_snapshot', 'commit', 'list_workspaces'].includes(name),
  );
  const found: number[] = [];
  for (let asked = 0; asked < 50; asked += 1) {
    const begun = performance.now();
    await ask();
    found.push(performance.now() - begun);
  }
  caller.close();
  await app.stop();
  results.add({
    what: '50 customers with names and usage in one list',
    measured: `${counted.length} statements (${counted.join(', ')}) beside the workspace's, p50 ${range(spread(found), ms)}`,
    target: 'at most 2 statements for all',
    met: counted.length <= 2,
    values: { statements: counted.length, p50: spread(found) },
  });
}

export async function measureExport(bench: Bench): Promise<void> {
  const { client, results, tokens, databaseUrl, options, say } = bench;
  const server = await startServer({ DATABASE_URL: databaseUrl });
  // A million records are enough.
  const workspace = options.size > 2_000_000 ? SMALL : LARGE;
  const path = `/api/usage/export/${workspace}?format=csv&from=2021-01-01T00:00:00Z&to=2026-01-01T00:00:00Z`;
  const ours: number[] = [];
  const copies: number[] = [];
  let growth = 0;
  let rows = 0;
  const rounds = Math.min(3, options.rounds);
  for (let round = 0; round <= rounds; round += 1) {
    // The first round isn't timed, but its memory counts: in that round a process grows.
    const before = await residentBytes(server.pid);
    const begun = performance.now();
    const done = await watchMemory(server.pid, () => download(`${server.url}${path}`, tokens.client));
    const took = performance.now() - begun;
    const copied = await copy(client, workspace);
    rows = done.result;
    say(`export: ${rows} rows in ${ms(took)}; COPY in ${ms(copied)}; memory +${mb(done.peak - before)}`);
    growth = Math.max(growth, done.peak - before);
    if (round > 0) {
      ours.push(took);
      copies.push(copied);
    }
  }
  await server.stop();
  const ratio = spread(copies).median / spread(ours).median;
  results.add({
    what: `export of ${rows.toLocaleString('en')} records as CSV against COPY ... TO STDOUT`,
    measured: `${times(ratio)} of its rate: ${range(spread(ours), ms)} to ${range(spread(copies), ms)}`,
    target: 'at least 0.5 ×',
    met: ratio >= 0.5,
    values: { export: spread(ours), copy: spread(copies) },
  });
  results.add({
    what: 'growth of the server’s memory during an export',
    measured: mb(growth),
    target: 'below 50 MB',
    met: growth < 50 * 1_048_576,
    values: { bytes: growth },
  });
}

/** Returns how many records came. */
async function download(url: string, token: string): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    get(url, { headers: { authorization: `Bearer ${token}` } }, (response) => {
      let lines = 0;
      response.on('data', (data: Buffer) => {
        for (let at = data.indexOf(10); at !== -1; at = data.indexOf(10, at + 1)) lines += 1;
      });
      response.on('end', () =>
        response.statusCode === 200 && response.complete
          ? resolve(lines - 1)
          : reject(new Error(`The export ended with ${response.statusCode}.`)),
      );
      response.on('error', reject);
    }).on('error', reject);
  });
}

/** The same records in the same order with the same joins, as PostgreSQL writes them itself. */
async function copy(client: Bench['client'], workspace: string): Promise<number> {
  const { to } = await import('pg-copy-streams');
  const begun = performance.now();
  const stream = client.query(
    to(`COPY (SELECT c.id, c.occurred_at, c.saved_at, c.customer_id, u.name, u.phone_number, u.whatsapp_user_id, c.amount_micros
      FROM charges c JOIN customers u ON u.workspace_id = c.workspace_id AND u.id = c.customer_id
      WHERE c.workspace_id = '${workspace}' ORDER BY c.occurred_at, c.id) TO STDOUT WITH (FORMAT csv)`),
  );
  for await (const piece of stream) void piece;
  return performance.now() - begun;
}

export async function measureStorage({ client, results }: Bench): Promise<void> {
  const { rows } = await client.query<{ bytes: string; messages: string; records: string }>(
    `SELECT sum(pg_total_relation_size(c.oid)) AS bytes,
       sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relname IN ('messages', 'charges')) AS records,
       (SELECT count(*) FROM charges) AS messages
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname = 'public'`,
  );
  const [row] = rows;
  const each = Number(row?.bytes) / Number(row?.messages);
  const share = (Number(row?.bytes) - Number(row?.records)) / Number(row?.messages);
  results.add({
    what: 'storage a charged message, all tables and indexes',
    measured: `${Math.round(each)} bytes, ${share.toFixed(1)} of them roll-ups and the rest`,
    target: 'printed',
    met: null,
    values: { bytes: each, others: share },
  });
}

/** The database is stopped and free when this runs. */
export async function measureStart(
  dataDir: string,
  { options, results, say }: Pick<Bench, 'options' | 'results' | 'say'>,
): Promise<void> {
  const alone: number[] = [];
  const whole: number[] = [];
  for (let round = 0; round <= options.rounds; round += 1) {
    let begun = performance.now();
    const database = await startEmbedded({ dataDir, role: 'command', log: () => undefined });
    const own = performance.now() - begun;
    await database.stop();
    begun = performance.now();
    const server = await startServer({ DATA_DIR: dataDir });
    const all = performance.now() - begun;
    // The server prints that it is ready a moment before it handles signals.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.stop();
    say(`start, round ${round}: database ${ms(own)}, server ${ms(all)}`);
    if (round > 0) {
      alone.push(own);
      whole.push(all);
    }
  }
  const ratio = spread(whole).median / spread(alone).median;
  results.add({
    what: 'cold start to ready on an existing data folder, against the database’s own start',
    measured: `${times(ratio)}: ${range(spread(whole), ms)} to ${range(spread(alone), ms)}`,
    target: 'at most 3 ×',
    met: ratio <= 3,
    values: { server: spread(whole), database: spread(alone) },
  });
}
