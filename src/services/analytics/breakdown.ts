// Which workflows and channels do the charged turns come from?
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { type Dimension, dimensionRecords, OTHER, VALUES_LIMIT } from '../roll-ups/dimensions';
import { coverWithDays } from './cover';
import { bounds } from './parts';
import type { UsageScope } from './scope';
import { shareOf } from './share';
import { findTotals } from './totals';

/** In the order of the rows: the values, and behind them what has none. */
export const BREAKDOWN_KINDS = ['VALUE', 'REST', 'OTHER', 'NONE'] as const;
export type BreakdownKind = (typeof BREAKDOWN_KINDS)[number];

export interface BreakdownRow {
  kind: BreakdownKind;
  /** Null unless kind is VALUE. */
  value: string | null;
  /** Charged turns. */
  messages: bigint;
  costMicros: bigint;
  /** The share of the period's cost, 0 to 1, at most four decimals. */
  share: string;
}

type Figures = Pick<BreakdownRow, 'messages' | 'costMicros'>;

interface Row {
  number: number;
  value: string | null;
  messages: bigint;
  cost_micros: bigint;
}

/**
 * The scope's period by one dimension: the first `limit` values by cost (ties byte by byte), then REST, OTHER and NONE,
 * each only if it has turns. The rows add up to the totals. Throws BAD_USER_INPUT.
 */
export async function findBreakdown(
  sql: Sql,
  scope: UsageScope,
  by: Dimension,
  limit: number,
): Promise<BreakdownRow[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > VALUES_LIMIT)
    throw badInput(`limit must be a whole number from 1 to ${VALUES_LIMIT}; got ${limit}.`);
  const [totals, found] = await Promise.all([findTotals(sql, scope), findValues(sql, scope, by)]);
  const values = found.filter(({ number }) => number !== OTHER);
  const other = sumOf(found.filter(({ number }) => number === OTHER));
  const row = (
    kind: BreakdownKind,
    value: string | null,
    { messages, costMicros }: Figures,
  ): BreakdownRow => ({
    ...{ kind, value, messages, costMicros },
    share: shareOf(costMicros, totals.costMicros),
  });
  const described = sumOf(found);
  const none = {
    messages: totals.messages - described.messages,
    costMicros: totals.costMicros - described.costMicros,
  };
  return [
    ...values.slice(0, limit).map((one) => row('VALUE', one.value, sumOf([one]))),
    row('REST', null, sumOf(values.slice(limit))),
    row('OTHER', null, other),
    row('NONE', null, none),
  ].filter(({ messages }) => messages > 0n);
}

const sumOf = (rows: readonly Row[]): Figures => ({
  messages: rows.reduce((sum, { messages }) => sum + messages, 0n),
  costMicros: rows.reduce((sum, { cost_micros }) => sum + cost_micros, 0n),
});

/** Whole local days of the workspace's zone come from the roll-up, the ragged edges from records. */
function findValues(sql: Sql, { workspace, period }: UsageScope, by: Dimension): Promise<Row[]> {
  const { days, edges } = coverWithDays(period, workspace.timeZone);
  return sql.query<Row>(
    'breakdown',
    `SELECT t.number, d.value, sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros
     FROM (
       SELECT u.number, u.messages, u.cost_micros FROM unnest($3::date[], $4::date[]) AS p (since, until)
       CROSS JOIN LATERAL (
         SELECT s.number, s.messages, s.cost_micros FROM dimension_days s
         WHERE s.workspace_id = $1 AND s.dimension = $2 AND s.day >= p.since AND s.day < p.until OFFSET 0
       ) u${edges.length > 0 ? EDGES : ''}
     ) t LEFT JOIN dimension_values d ON d.workspace_id = $1 AND d.dimension = $2 AND d.number = t.number
     GROUP BY t.number, d.value HAVING sum(t.messages) > 0
     ORDER BY 4 DESC, d.value COLLATE "C"`,
    [
      workspace.id,
      by,
      days.map(({ from }) => from),
      days.map(({ to }) => to),
      ...(edges.length > 0 ? bounds(edges) : []),
    ],
  );
}

const EDGES = `
       UNION ALL
       SELECT r.number, 1::bigint, r.amount_micros FROM unnest($5::timestamptz[], $6::timestamptz[]) AS p (since, until)
       CROSS JOIN LATERAL (
         ${dimensionRecords((turn) => `${turn}.occurred_at >= p.since AND ${turn}.occurred_at < p.until`)} OFFSET 0
       ) r WHERE r.dimension = $2`;

/** How a list of turns shows a value beyond the limit, which is not stored. */
const BEYOND = '(other)';

/**
 * SQL for a turn's value by its number. Numbers are 1, 2, 3, … without a gap, so PostgreSQL reads the values once into an
 * array, instead of looking for one in each row. `number` and `workspaceId` are SQL expressions; the latter a constant.
 */
export const valueOfNumber = (dimension: Dimension, number: string, workspaceId: string): string =>
  `CASE WHEN ${number} = ${OTHER} THEN '${BEYOND}' ELSE (ARRAY(
     SELECT d.value FROM dimension_values d WHERE d.workspace_id = ${workspaceId} AND d.dimension = '${dimension}'
     ORDER BY d.number))[${number}] END`;
