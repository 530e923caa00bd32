// Rows about reading.
import { askRecords, compareAnswers } from './by-records';
import { Caller, quantile, spread } from './client';
import { LARGE, SMALL, ZONE } from './data-set';
import { checkData, DASHBOARD, question, TOP_CLIENTS } from './operations';
import { startServer } from './processes';
import { ms, range, times } from './results';
import type { Bench } from './writes';

const MONTH = { from: '2025-10-31T23:00:00.000Z', to: '2025-11-30T23:00:00.000Z' };
const MONTH_BEFORE = { from: '2025-09-30T22:00:00.000Z', to: '2025-10-31T23:00:00.000Z' };
/** A range of about the same length whose ends are no boundaries. */
const RAGGED = { from: '2025-10-28T09:07:13.123Z', to: '2025-11-27T17:51:47.456Z' };
const YEAR = { from: '2024-12-31T23:00:00Z', to: '2025-12-31T23:00:00Z' };
const ASKED = 60;

export async function measureReads(bench: Bench): Promise<void> {
  const { client, databaseUrl, options, results, tokens, say } = bench;
  const server = await startServer({ DATABASE_URL: databaseUrl });
  const caller = new Caller(server.url, '/graphql', tokens.client);
  const month = (workspaceId: string) => question(DASHBOARD, { workspaceId, period: { month: '2025-11' } });
  const questions = {
    large: month(LARGE),
    small: month(SMALL),
    ragged: question(DASHBOARD, { workspaceId: LARGE, period: RAGGED, timeZone: 'Asia/Kathmandu' }),
    top: question(TOP_CLIENTS, { workspaceId: LARGE, period: YEAR }),
    dashboardYear: question(DASHBOARD, { workspaceId: LARGE, period: YEAR }),
  };
  const names = Object.keys(questions) as (keyof typeof questions)[];
  const p50 = new Map(names.map((name) => [name, [] as number[]]));
  const p99: number[] = [];
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const name of names) {
      const found: number[] = [];
      for (let asked = 0; asked < ASKED; asked += 1) {
        const begun = performance.now();
        checkData(await caller.post(questions[name]()));
        found.push(performance.now() - begun);
      }
      found.sort((a, b) => a - b);
      if (round > 0) p50.get(name)?.push(quantile(found, 0.5));
      if (round > 0 && name === 'large') p99.push(quantile(found, 0.99));
      say(
        `reads, ${round === 0 ? 'warm-up' : `round ${round} of ${options.rounds}`}: ${name} ${ms(quantile(found, 0.5))}`,
      );
    }
  }
  const records: number[] = [];
  await client.query('SET jit = off');
  for (let round = 0; round <= Math.min(options.rounds, 5); round += 1) {
    const begun = performance.now();
    const found = await askRecords(client, LARGE, MONTH, MONTH_BEFORE, ZONE);
    if (round > 0) records.push(performance.now() - begun);
    if (round === 0) compareAnswers((await caller.post(questions.large())).body, found);
    if (round === 0)
      compareAnswers(
        (await caller.post(questions.ragged())).body,
        await askRecords(client, LARGE, RAGGED, before(RAGGED), 'Asia/Kathmandu'),
      );
  }
  caller.close();
  await server.stop();
  const found = Object.fromEntries(names.map((name) => [name, spread(p50.get(name) ?? [])])) as Record<
    keyof typeof questions,
    ReturnType<typeof spread>
  >;
  const sql = spread(records);
  const count = options.size.toLocaleString('en');
  results.add({
    what: `the whole dashboard of a month, ${count} charges, p50`,
    measured: `${range(found.large, ms)}, p99 ${ms(spread(p99).median)}`,
    target: 'at most 15 ms (at 10,000,000)',
    met: found.large.median <= 15,
    values: { p50: found.large, p99: spread(p99) },
  });
  results.add({
    what: 'the same answers by SQL over the records',
    measured: `${times(sql.median / found.large.median)} as long: ${range(sql, ms)}`,
    target: 'at least 50 × (at 10,000,000)',
    met: sql.median / found.large.median >= 50,
    values: { records: sql },
  });
  const growth = found.large.median / found.small.median;
  results.add({
    what: `growth of its cost from ${(options.size / 10).toLocaleString('en')} to ${count} charges`,
    measured: `${times(growth)}: ${range(found.small, ms)} to ${range(found.large, ms)}`,
    target: 'at most 1.5 ×',
    met: growth <= 1.5,
    values: { small: found.small, large: found.large },
  });
  results.add({
    what: `top clients of a year, ${Math.round(options.size / 5).toLocaleString('en')} charges, 2,000 clients, p50`,
    measured: range(found.top, ms),
    target: 'at most 20 ms (at 2,000,000)',
    met: found.top.median <= 20,
    values: { p50: found.top },
  });
  const ragged = found.ragged.median / found.large.median;
  results.add({
    what: 'the dashboard with ragged edges and in Asia/Kathmandu',
    measured: `${times(ragged)}: ${range(found.ragged, ms)}`,
    target: 'at most 3 ×',
    met: ragged <= 3,
    values: { ragged: found.ragged },
  });
  results.add({
    what: 'the whole dashboard of a year, p50',
    measured: range(found.dashboardYear, ms),
    target: 'none',
    met: null,
    values: { p50: found.dashboardYear },
  });
}

/** The range of equal length right before. */
function before({ from, to }: { from: string; to: string }): { from: string; to: string } {
  const start = Date.parse(from);
  return { from: new Date(2 * start - Date.parse(to)).toISOString(), to: from };
}
