// Rows about callers who disturb others: saves beside the worst readers, and saves beyond the capacity.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ANSWER_TEXT_BYTES } from '../src/resolvers/texts';
import { Caller, quantile } from './client';
import { LARGE, MANY, ONE } from './data-set';
import { checkSave, saves } from './operations';
import { startReaders, startServer } from './processes';
import { ms, rate, times } from './results';
import type { Bench } from './writes';

const YEARS = { from: '2021-01-01T00:00:00Z', to: '2025-12-31T00:00:00Z' };
const HOURS = { from: '2025-01-01T00:00:00Z', to: '2025-03-24T00:00:00Z' };
const DAYS = { from: '2024-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' };
const ZONE = 'Asia/Kathmandu';
/** Holds a page of the longest messages there can be. */
const TEXTS = MANY.at(-1) ?? ONE;

const LONGEST = 'Perché no? Così è più bello. '.repeat(2_260).slice(0, 65_536);

const usage = (period: object, fields: string) => ({
  query: `query ($id: ID!, $period: PeriodInput, $zone: TimeZone) { ${fields} }`,
  variables: { id: LARGE, period, zone: ZONE },
});
const report = (alias: string, fields: string) =>
  `${alias}: usage(workspaceId: $id, period: $period, timeZone: $zone) { ${fields} }`;

/** The worst documents that are still answered, each in another way, and one that is refused. */
const WORST: Readonly<Record<string, object>> = {
  values: usage(
    HOURS,
    report(
      'a',
      'x: timeline(interval: HOUR) { from to messages cost { amount } } y: timeline(interval: HOUR) { from to messages }',
    ),
  ),
  clients: usage(DAYS, report('a', 'timeline { activeClients }')),
  sums: usage(
    YEARS,
    ['a', 'b', 'c', 'd', 'e']
      .map((alias) =>
        report(
          alias,
          'totals { messages } growth(basis: FULL_PREVIOUS) { messages { percent } } heatmap { hour messages } timeline(interval: WEEK) { messages } timeline2: timeline(interval: MONTH) { messages } outcomes { messages }',
        ),
      )
      .join(' '),
  ),
  texts: {
    query:
      'query ($id: ID!, $first: Int) { messages(workspaceId: $id, first: $first) { nodes { id message response } } }',
    variables: { id: TEXTS, first: Math.floor(ANSWER_TEXT_BYTES / (2 * Buffer.byteLength(LONGEST))) },
  },
  // Rows with the longest texts that are not shown, and a few texts that are shown repeatedly.
  hidden: {
    query:
      'query ($id: ID!) { messages(workspaceId: $id, first: 100) { nodes { id } } usageRecords(workspaceId: $id, first: 100) { nodes { message { id } } } }',
    variables: { id: TEXTS },
  },
  aliases: {
    query: `query ($id: ID!, $first: Int) { messages(workspaceId: $id, first: $first) { nodes { message response ${Array.from({ length: 15 }, (_, index) => `a${index}: message`).join(' ')} } } }`,
    variables: { id: TEXTS, first: Math.floor(ANSWER_TEXT_BYTES / (17 * Buffer.byteLength(LONGEST))) },
  },
  // Much work of PostgreSQL for few values: as much as one large read does, and as much as a light one does.
  ranks: usage(
    YEARS,
    ['a', 'b', 'c', 'd', 'e'].map((alias) => report(alias, 'topClients(limit: 1) { messages }')).join(' '),
  ),
  rank: usage(YEARS, report('a', 'topClients(limit: 1) { messages } clientMovement { returning }')),
  refused: { query: `{ ${'viewer { name } '.repeat(240)} }` },
};

export async function measureShield(bench: Bench): Promise<void> {
  await fillTexts(bench);
  const parts = process.env.SHIELD?.split(',') ?? ['beside', 'beyond'];
  if (parts.includes('beside')) await besideReaders(bench, 'together');
  if (parts.includes('apart')) await besideReaders(bench, 'apart');
  if (parts.includes('beyond')) await beyondCapacity(bench);
}

async function fillTexts({ services, client }: Bench): Promise<void> {
  const { rows } = await client.query(
    'SELECT count(*)::int AS n FROM messages WHERE workspace_id = $1 AND length(message) > 60000',
    [TEXTS],
  );
  if (rows[0]?.n >= 100) return;
  for (let at = 0; at < 100; at += 10) {
    const items = Array.from({ length: 10 }, (_, index) => ({
      phoneNumber: '+393330000001',
      message: LONGEST,
      response: LONGEST,
      idempotencyKey: `long.${at + index}`,
    }));
    await services.saveMessages.saveAll(TEXTS, items);
  }
}

interface Stretch {
  p50: number;
  p99: number;
  saves: number;
  failed: number;
}

/** One caller saves, one turn after another, for this time. */
async function saveFor(url: string, token: string, seconds: number): Promise<Stretch> {
  const caller = new Caller(url, '/graphql', token);
  const body = saves([ONE]);
  const found: number[] = [];
  let failed = 0;
  const end = performance.now() + seconds * 1_000;
  try {
    while (performance.now() < end) {
      const begun = performance.now();
      const answer = await caller.post(body());
      found.push(performance.now() - begun);
      if (answer.status === 200) checkSave(answer);
      else failed += 1;
    }
  } finally {
    caller.close();
  }
  found.sort((a, b) => a - b);
  return { p50: quantile(found, 0.5), p99: quantile(found, 0.99), saves: found.length, failed };
}

/** Of the measurements before and after, the one that was less disturbed. */
const quieter = (a: Stretch, b: Stretch): Stretch => (a.p99 < b.p99 ? a : b);

const READERS = 20;

/** `apart`: the readers call a second server on the same database, which is the best case of a thread of their own. */
async function besideReaders(bench: Bench, where: 'together' | 'apart'): Promise<void> {
  const { databaseUrl, options, results, services, tokens, say } = bench;
  const settings = { DATABASE_URL: databaseUrl, READ_POINTS_PER_SECOND: '' };
  const server = await startServer(settings);
  const readFrom = where === 'apart' ? await startServer(settings) : server;
  const readers = await Promise.all(
    Array.from({ length: 10 }, () =>
      services.tokens.create(
        { kind: 'analyst', name: 'reader', workspaceIds: [LARGE, TEXTS] },
        { name: 'bench' },
      ),
    ),
  );
  const names = process.env.SHIELD_WORST?.split(',') ?? Object.keys(WORST);
  await saveFor(server.url, tokens.service, 2);
  const seconds = Math.max(options.seconds, 3);
  const counts = process.env.SHIELD_TOKENS?.split(',').map(Number) ?? [1, 10];
  for (const count of counts) {
    for (const what of [...names, 'all']) {
      const before = await saveFor(server.url, tokens.service, seconds);
      const reading = startReaders({
        url: readFrom.url,
        readers: Array.from({ length: READERS }, (_, index) => ({
          token: readers[index % count]?.token ?? '',
          body: JSON.stringify(WORST[what] ?? WORST[names[index % names.length] ?? '']),
        })),
      });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const beside = await saveFor(server.url, tokens.service, seconds);
      const statuses = Object.entries(await reading.end());
      const quiet = quieter(before, await saveFor(server.url, tokens.service, seconds));
      const ratio = beside.p99 / quiet.p99;
      const answers = statuses.map(([status, n]) => `${n} × ${status}`).join(', ');
      say(
        `${what}, ${count} tokens: p99 ${ms(beside.p99)} to ${ms(quiet.p99)}, p50 ${ms(beside.p50)} to ${ms(quiet.p50)}, failed ${beside.failed}; readers ${answers}; memory ${memoryOf(readFrom.pid)} MB`,
      );
      results.add({
        what: `saveMessage beside ${READERS} readers of ${count} ${count === 1 ? 'token' : 'tokens'}, worst by ${what}${where === 'apart' ? ', at a server of their own' : ''}: p99 against quiet`,
        measured: `${times(ratio)}: ${ms(beside.p99)} to ${ms(quiet.p99)}; ${beside.failed} failed; readers: ${answers}`,
        target: 'at most 5 ×, none failed',
        met: ratio <= 5 && beside.failed === 0,
        values: {
          p99: beside.p99,
          p50: beside.p50,
          quietP99: quiet.p99,
          quietP50: quiet.p50,
          failed: beside.failed,
        },
      });
    }
  }
  await server.stop();
  if (readFrom !== server) await readFrom.stop();
}

const statOf = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8');

/** The most memory that the process has used; NaN without /proc. */
function memoryOf(pid: number): number {
  try {
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(statOf(pid, 'status'))?.[1]) / 1_000);
  } catch {
    return Number.NaN;
  }
}

/** Seconds of processor that the process has used. */
function processorOf(pid: number): number {
  try {
    const fields = statOf(pid, 'stat').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

/** Keeps a process and its later children on one core. False where that is not possible. */
function pin(pid: number, core: number): boolean {
  try {
    execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface Offered {
  saved: number;
  refused: number;
  other: number;
  refusedMs: number[];
  savedMs: number[];
  processor: number;
}

const CONNECTIONS = 600;

/** Sends this many saves per second, whatever becomes of them. */
async function offer(
  url: string,
  pid: number,
  token: string,
  perSecond: number,
  seconds: number,
): Promise<Offered> {
  // A caller that waits for an answer sends nothing, so there are as many connections as a large n8n has executions.
  const all = Array.from({ length: CONNECTIONS }, () => new Caller(url, '/graphql', token));
  const idle = [...all];
  const body = saves([ONE]);
  const found: Offered = { saved: 0, refused: 0, other: 0, refusedMs: [], savedMs: [], processor: 0 };
  const begun = performance.now();
  // Counted from when the queue is full.
  const from = begun + 2_000;
  const end = from + seconds * 1_000;
  let sent = 0;
  let open = 0;
  const send = async (): Promise<void> => {
    const caller = idle.pop();
    if (!caller) return;
    open += 1;
    const at = performance.now();
    try {
      const { status } = await caller.post(body());
      const now = performance.now();
      idle.push(caller);
      if (now < from || now > end) return;
      if (status === 200) found.saved += 1;
      else if (status === 503) found.refused += 1;
      else found.other += 1;
      (status === 200 ? found.savedMs : found.refusedMs).push(now - at);
    } catch {
      if (performance.now() > from && performance.now() < end) found.other += 1;
    } finally {
      open -= 1;
    }
  };
  let before = processorOf(pid);
  let measured = false;
  for (let now = begun; now < end; now = performance.now()) {
    if (!measured && now >= from) {
      before = processorOf(pid);
      measured = true;
    }
    for (const due = ((now - begun) / 1_000) * perSecond; sent < due; sent += 1) void send();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  found.processor = processorOf(pid) - before;
  while (open > 0 && performance.now() < end + 15_000)
    await new Promise((resolve) => setTimeout(resolve, 20));
  for (const caller of all) caller.close();
  found.refusedMs.sort((a, b) => a - b);
  found.savedMs.sort((a, b) => a - b);
  return found;
}

/** How many saves 64 callers in a closed loop reach, and the processor time of one save. */
async function peakOf(
  url: string,
  pid: number,
  token: string,
  seconds: number,
): Promise<{ rate: number; each: number }> {
  const body = saves([ONE]);
  const end = performance.now() + seconds * 1_000;
  const before = processorOf(pid);
  let saved = 0;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      const caller = new Caller(url, '/graphql', token);
      while (performance.now() < end) {
        checkSave(await caller.post(body()));
        saved += 1;
      }
      caller.close();
    }),
  );
  return { rate: saved / seconds, each: (processorOf(pid) - before) / saved };
}

async function beyondCapacity(bench: Bench): Promise<void> {
  const { databaseUrl, options, results, tokens, say, client } = bench;
  const folder = await client
    .query<{ data_directory: string }>('SHOW data_directory')
    .then(({ rows }) => rows[0]?.data_directory ?? '');
  for (const fast of [false, true]) {
    if (fast)
      await client
        .query('ALTER SYSTEM SET synchronous_commit = off')
        .then(() => client.query('SELECT pg_reload_conf()'));
    // The server and its database on one core, the load on the other.
    const postmaster = Number(readFileSync(`${folder}/postmaster.pid`, 'utf8').split('\n')[0]);
    const pinnedDatabase = postmaster > 0 && pin(postmaster, 0);
    const server = await startServer({
      ...{ DATABASE_URL: databaseUrl, WRITE_QUEUE_MAX: '100', WRITE_BATCH_MAX: '50' },
    });
    const pinned = pinnedDatabase && pin(process.pid, 1) && pin(server.pid, 0);
    const name = fast ? 'a database that does not wait for its disk' : 'a database as it is';
    await peakOf(server.url, server.pid, tokens.service, 3);
    const peak = await peakOf(server.url, server.pid, tokens.service, Math.max(options.seconds, 4));
    say(
      `${name}: peak ${rate(peak.rate)}, ${(peak.each * 1_000).toFixed(2)} ms of processor a save; pinned: ${pinned}`,
    );
    for (const factor of [4, 10]) {
      const seconds = Math.max(options.seconds, 4);
      const found = await offer(server.url, server.pid, tokens.service, factor * peak.rate, seconds);
      const share = found.saved / seconds / peak.rate;
      const offered = (found.saved + found.refused + found.other) / seconds;
      const refusal = (found.processor - found.saved * peak.each) / found.refused;
      const line = `${times(share)}: ${rate(found.saved / seconds)} saved (p50 ${ms(quantile(found.savedMs, 0.5))}), ${rate(found.refused / seconds)} refused (p50 ${ms(quantile(found.refusedMs, 0.5))}, ${(refusal * 1e6).toFixed(0)} µs of processor each, ${times(refusal / peak.each)} of a save's), ${found.other} otherwise; answered ${rate(offered)}`;
      say(`${factor} times the capacity, ${name}: ${line}`);
      results.add({
        what: `${factor} times what can be saved offered, ${name}${pinned ? '' : ', not pinned'}: saved against the peak`,
        measured: line,
        target: factor === 4 ? 'at least 0.8 ×' : 'at least 0.7 ×',
        met: share >= (factor === 4 ? 0.8 : 0.7),
        values: { peak: peak.rate, each: peak.each, saved: found.saved, refused: found.refused, refusal },
      });
    }
    await server.stop();
  }
  await client
    .query('ALTER SYSTEM RESET synchronous_commit')
    .then(() => client.query('SELECT pg_reload_conf()'));
}
