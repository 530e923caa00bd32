// Rows about saving.
import type { Client } from 'pg';
import type { Services } from '../src/app';
import type { Database } from '../src/database/database';
import { type Measured, run, type Spread, spread } from './client';
import { MANY, ONE } from './data-set';
import { checkData, checkMany, checkSave, items, manySaves, plainInput, saves } from './operations';
import type { Options } from './options';
import { startServer, startSubject } from './processes';
import { ms, type Results, range, rate, times } from './results';

const BATCH = 500;

export interface Bench {
  options: Options;
  results: Results;
  client: Client;
  services: Services;
  databaseUrl: string;
  database: Database;
  tokens: { service: string; client: string };
  say: (text: string) => void;
}

/** Measures each one, alternating, `rounds` times; the first round is a warm-up and isn't counted. */
export async function inTurns<Name extends string>(
  { options, say }: Bench,
  title: string,
  subjects: Record<Name, () => Promise<Measured>>,
): Promise<Record<Name, { rate: Spread; p50: Spread; p99: Spread; rounds: Measured[] }>> {
  const names = Object.keys(subjects) as Name[];
  const measured = new Map<Name, Measured[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= options.rounds; round += 1) {
    // What comes second finds another machine: a hotter one, larger tables. So each comes first every other round.
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const one = await subjects[name]();
      if (round > 0) measured.get(name)?.push(one);
      say(
        `${title}, ${round === 0 ? 'warm-up' : `round ${round} of ${options.rounds}`}: ${name} ${rate(one.rate)}, p50 ${ms(one.p50)}`,
      );
    }
  }
  const summary = (name: Name) => {
    const all = measured.get(name) ?? [];
    return {
      rounds: all,
      rate: spread(all.map((one) => one.rate)),
      p50: spread(all.map((one) => one.p50)),
      p99: spread(all.map((one) => one.p99)),
    };
  };
  return Object.fromEntries(names.map((name) => [name, summary(name)])) as Record<
    Name,
    ReturnType<typeof summary>
  >;
}

export async function measureWrites(bench: Bench): Promise<void> {
  const { databaseUrl } = bench;
  const real = await startServer({ DATABASE_URL: databaseUrl });
  const other = await startServer({ DATABASE_URL: databaseUrl });
  const noop = await startSubject('noop', databaseUrl);
  // As many connections as callers, so that nobody waits for the pool.
  const three = await startSubject('three', databaseUrl, { DATABASE_POOL_SIZE: '64' });
  const bare = await startSubject('bare', databaseUrl);
  await manyCallers(bench, real.url, noop.url, three.url);
  await three.stop();
  await noop.stop();
  await oneCaller(bench, real.url, bare.url);
  await bare.stop();
  await batches(bench, real.url);
  await twoServers(bench, [real.url, other.url]);
  await other.stop();
  await twoWorkers(bench, real.url);
  await real.stop();
}

async function manyCallers(bench: Bench, real: string, noop: string, three: string): Promise<void> {
  const { options, results, tokens } = bench;
  const load = (url: string) => () =>
    run({
      ...{ urls: [url], token: tokens.service, callers: 64, seconds: options.seconds },
      ...{ body: saves([ONE]), check: checkSave },
    });
  const found = await inTurns(bench, '64 callers', {
    real: load(real),
    noop: load(noop),
    three: load(three),
  });
  const values = {
    real: found.real.rate,
    noop: found.noop.rate,
    three: found.three.rate,
    p50: found.real.p50,
    p99: found.real.p99,
  };
  const toNoop = found.real.rate.median / found.noop.rate.median;
  const toThree = found.real.rate.median / found.three.rate.median;
  results.add({
    what: 'saveMessage, 64 callers, against a resolver that does nothing',
    measured: `${times(toNoop)}: ${range(found.real.rate, rate)} to ${range(found.noop.rate, rate)}, p50 ${ms(found.real.p50.median)}`,
    target: 'at least 0.7 ×',
    met: toNoop >= 0.7,
    values,
  });
  results.add({
    what: 'saveMessage, 64 callers, against three statements a message',
    measured: `${times(toThree)}: three statements ${range(found.three.rate, rate)}, p50 ${ms(found.three.p50.median)}`,
    target: 'at least 3 ×',
    met: toThree >= 3,
    values,
  });
}

async function oneCaller(bench: Bench, real: string, bare: string): Promise<void> {
  const { options, results, tokens } = bench;
  const load = { token: tokens.service, callers: 1, seconds: options.seconds };
  const found = await inTurns(bench, 'one caller', {
    real: () => run({ ...load, urls: [real], body: saves([ONE]), check: checkSave }),
    bare: () => run({ ...load, urls: [bare], path: '/insert', body: plainInput(ONE), check: checkData }),
  });
  const ratio = found.real.p50.median / found.bare.p50.median;
  results.add({
    what: 'saveMessage, one caller, p50 against a bare INSERT through Fastify',
    measured: `${times(ratio)}: ${range(found.real.p50, ms)} to ${range(found.bare.p50, ms)}`,
    target: 'at most 1.5 ×',
    met: ratio <= 1.5,
    values: { real: found.real.p50, bare: found.bare.p50 },
  });
}

async function batches(bench: Bench, real: string): Promise<void> {
  const { options, results, tokens, services } = bench;
  const load = { urls: [real], token: tokens.service, seconds: options.seconds };
  const found = await inTurns(bench, 'batches of 500', {
    one: () => run({ ...load, callers: 64, body: saves([ONE]), check: checkSave }),
    many: () =>
      run({ ...load, callers: 4, body: manySaves(ONE, BATCH), check: checkMany(BATCH) }).then(perTurn),
    sql: () => direct(services, options.seconds).then(perTurn),
  });
  const toOne = found.many.rate.median / found.one.rate.median;
  const toSql = found.many.rate.median / found.sql.rate.median;
  const values = { one: found.one.rate, many: found.many.rate, sql: found.sql.rate };
  results.add({
    what: 'saveMessages, batches of 500, against saveMessage',
    measured: `${times(toOne)}: ${range(found.many.rate, rate)} turns to ${range(found.one.rate, rate)}`,
    target: 'at least 10 ×',
    met: toOne >= 10,
    values,
  });
  results.add({
    what: 'saveMessages, batches of 500, against the same SQL without GraphQL',
    measured: `${times(toSql)}: ${range(found.many.rate, rate)} turns to ${range(found.sql.rate, rate)}`,
    target: 'at least 0.5 ×',
    met: toSql >= 0.5,
    values,
  });
}

const perTurn = (measured: Measured): Measured => ({ ...measured, rate: measured.rate * BATCH });

/** The service called in this process: the same statements, no HTTP and no GraphQL. */
async function direct(services: Services, seconds: number): Promise<Measured> {
  const to = performance.now() + seconds * 1_000;
  let done = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < to) {
      const answers = await services.saveMessages.saveAll(ONE, items(BATCH));
      if (!answers.every((answer) => 'ok' in answer)) throw new Error('A turn was not saved.');
      if (performance.now() <= to) done += 1;
    }
  };
  await Promise.all([loop(), loop(), loop(), loop()]);
  return { rate: done / seconds, p50: Number.NaN, p99: Number.NaN, answers: done };
}

async function twoServers(bench: Bench, urls: readonly string[]): Promise<void> {
  const { options, results, tokens } = bench;
  const load = (workspaces: readonly string[]) => () =>
    run({
      ...{ urls, token: tokens.service, callers: 64, seconds: options.seconds },
      ...{ body: saves(workspaces), check: checkSave },
    });
  const found = await inTurns(bench, 'two servers', { one: load([ONE]), many: load(MANY) });
  const ratio = found.one.rate.median / found.many.rate.median;
  results.add({
    what: 'two server processes, 64 callers: one workspace against 50',
    measured: `${times(ratio)}: ${range(found.one.rate, rate)} to ${range(found.many.rate, rate)}`,
    target: 'at least 0.8 ×',
    met: ratio >= 0.8,
    values: { one: found.one.rate, many: found.many.rate },
  });
}

/** One process against the two of WEB_CONCURRENCY, which share the machine with the database and the load. */
async function twoWorkers(bench: Bench, one: string): Promise<void> {
  const { databaseUrl, options, results, tokens } = bench;
  const two = await startServer({ DATABASE_URL: databaseUrl, WEB_CONCURRENCY: '2' });
  const load = (url: string) => () =>
    run({
      ...{ urls: [url], token: tokens.service, callers: 64, seconds: options.seconds },
      ...{ body: saves([ONE]), check: checkSave },
    });
  const found = await inTurns(bench, 'two workers', { one: load(one), two: load(two.url) });
  await two.stop();
  results.add({
    what: 'WEB_CONCURRENCY=2 against one process, 64 callers',
    measured: `${times(found.two.rate.median / found.one.rate.median)}: ${range(found.two.rate, rate)} to ${range(found.one.rate, rate)}`,
    target: 'printed',
    met: null,
    values: { one: found.one.rate, two: found.two.rate },
  });
}
