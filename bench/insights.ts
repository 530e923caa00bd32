// Rows about an analyst's further questions: one question per request, a month and a year of the large workspace.
import type { Client } from 'pg';
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
  'by workflow': report('breakdown(by: WORKFLOW, limit: 10) { kind value messages cost { amount } share }'),
  'by model, with its margin': report(
    'breakdown(by: MODEL, limit: 10) { kind value messages inputTokens margin { margin { amount } coverage } }',
  ),
  'the margin': report('margin { revenue { amount } llmCost { amount } margin { amount } coverage }'),
  'the reports of all shops of a token': `query ($period: PeriodInput) {
    workspaces { usage(period: $period) { totals { messages cost { amount } } } } }`,
};
const COHORTS = `query ($id: ID!) { retention(workspaceId: $id, from: "2021-01", to: "2025-12") { month clients retained } }`;

const VALUES = { WORKFLOW: 20, CHANNEL: 3, MODEL: 5 };

/** The roll-ups of turns that say their workflow, channel and model, from two writers; turns themselves have none. */
async function fillDimensions(client: Client): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM dimension_values WHERE workspace_id = $1 LIMIT 1', [
    LARGE,
  ]);
  // A kept data set has them already.
  if (rowCount !== 0) return;
  await client.query(
    `INSERT INTO dimension_values (workspace_id, dimension, number, value)
     SELECT $1, d.dimension, n, lower(d.dimension) || ' ' || n
     FROM unnest($2::text[], $3::int[]) AS d (dimension, count), generate_series(1, d.count) n`,
    [LARGE, Object.keys(VALUES), Object.values(VALUES)],
  );
  const days = `(SELECT day, sum(messages)::bigint AS messages, sum(cost_micros)::bigint AS cost_micros
       FROM customer_days WHERE workspace_id = $1 GROUP BY day) u`;
  await client.query(
    `INSERT INTO dimension_days (workspace_id, dimension, day, number, shard, messages, cost_micros)
     SELECT $1, d.dimension, u.day, n, shard, u.messages / (2 * d.count), u.cost_micros / (2 * d.count)
     FROM ${days}, unnest($2::text[], $3::int[]) AS d (dimension, count), generate_series(1, d.count) n,
       generate_series(0, 1) shard`,
    [LARGE, Object.keys(VALUES), Object.values(VALUES)],
  );
  await client.query(
    `INSERT INTO cost_days (workspace_id, day, model_number, shard, turns, answered, priced, priced_answered, channel_turns,
       covered, input_tokens, cached_input_tokens, output_tokens, llm_cost_nanos, channel_cost_micros)
     SELECT $1, u.day, n, shard, t, t, t, t, 0, 0, 1200 * t, 1000 * t, 80 * t, 150000 * t, 0
     FROM ${days}, generate_series(1, ${VALUES.MODEL}) n, generate_series(0, 1) shard,
       LATERAL (SELECT u.messages / ${2 * VALUES.MODEL} AS t) share`,
    [LARGE],
  );
  await client.query('VACUUM ANALYZE dimension_days, cost_days');
}

export async function measureInsights(bench: Bench): Promise<void> {
  const { databaseUrl, options, results, tokens, say, client } = bench;
  await fillDimensions(client);
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
