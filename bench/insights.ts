// Rows about an analyst's further questions: one question per request, a month and a year of the large workspace.
import { Caller, quantile, spread } from './client';
import { LARGE } from './data-set';
import { checkData, question } from './operations';
import { startServer } from './processes';
import { ms, range } from './results';
import type { Bench } from './writes';

const PERIODS = { month: { month: '2025-11' }, year: { firstDay: '2025-01-01', lastDay: '2025-12-31' } };
const TARGETS = { month: 50, year: 150 };
const ASKED = 20;

const report = (part: string): string => `query ($id: ID!, $period: PeriodInput) {
  usage(workspaceId: $id, period: $period) { ${part} }
}`;
const FIGURES = 'nodes { customer { name } messages cost { amount } previous { messages } }';

const QUESTIONS: Record<string, string> = {
  'who came, stayed, came back and left': report('clientMovement { new returning reactivated lost }'),
  'the clients who were lost': report(`clientsIn(segment: LOST) { totalCount ${FIGURES} }`),
  'how turns spread over clients': report('distribution { p50 p90 p95 p99 max mean topTenthShare }'),
  'two periods client by client': report(`clients(first: 50) { ${FIGURES} }`),
  'outcomes by day': report('timeline { from outcomes { outcome messages } }'),
  'outcomes by weekday and hour': report('heatmap { occurrences outcomes { outcome messages } }'),
  'one client by month': `query ($id: ID!, $period: PeriodInput) {
    customers(workspaceId: $id, first: 1) { nodes { timeline(period: $period) { from messages } outcomes(period: $period) { messages } } } }`,
  'the reports of all shops of a token': `query ($period: PeriodInput) {
    workspaces { usage(period: $period) { totals { messages cost { amount } } } } }`,
};
const COHORTS = `query ($id: ID!) { retention(workspaceId: $id, from: "2021-01", to: "2025-12") { month clients retained } }`;

export async function measureInsights({ databaseUrl, options, results, tokens, say }: Bench): Promise<void> {
  const server = await startServer({ DATABASE_URL: databaseUrl });
  const caller = new Caller(server.url, '/graphql', tokens.client);
  const measure = async (query: string, period: object) => {
    const ask = question(query, { id: LARGE, period });
    const medians: number[] = [];
    for (let round = 0; round <= options.rounds; round += 1) {
      const found: number[] = [];
      for (let asked = 0; asked < ASKED; asked += 1) {
        const begun = performance.now();
        checkData(await caller.post(ask()));
        found.push(performance.now() - begun);
      }
      if (round > 0)
        medians.push(
          quantile(
            found.sort((a, b) => a - b),
            0.5,
          ),
        );
    }
    return spread(medians);
  };
  const charges = options.size.toLocaleString('en');
  for (const [what, query] of Object.entries(QUESTIONS)) {
    for (const name of ['month', 'year'] as const) {
      const found = await measure(query, PERIODS[name]);
      say(`insights: ${what}, a ${name}: ${ms(found.median)}`);
      results.add({
        what: `${what}, a ${name}, ${charges} charges, p50`,
        measured: range(found, ms),
        target: `at most ${TARGETS[name]} ms (at 10,000,000)`,
        met: found.median <= TARGETS[name],
        values: { p50: found },
      });
    }
  }
  const cohorts = await measure(COHORTS, {});
  results.add({
    what: `cohorts of five years, ${charges} charges, p50`,
    measured: range(cohorts, ms),
    target: 'none',
    met: null,
    values: { p50: cohorts },
  });
  caller.close();
  await server.stop();
}
