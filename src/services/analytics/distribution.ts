// How do the turns spread over the clients?
import type { Sql } from '../../database/sql';
import { formatRatio } from '../../values/money';
import { customerParts } from './parts';
import type { UsageScope } from './scope';
import { shareOf } from './share';

/** Charged turns per client; percentiles by nearest rank. Without clients all figures are zero. */
export interface Distribution {
  p50: bigint;
  p90: bigint;
  p95: bigint;
  p99: bigint;
  max: bigint;
  /** At most two decimals. */
  mean: string;
  /** The share of all turns that the busiest tenth of the clients (rounded up) has, 0 to 1. */
  topTenthShare: string;
}

interface Row {
  clients: bigint;
  total: bigint;
  percentiles: bigint[] | null;
  max: bigint | null;
  busiest: bigint;
}

export async function findDistribution(sql: Sql, scope: UsageScope): Promise<Distribution> {
  const parts = customerParts([scope.period], scope.workspace.timeZone, { net: true });
  const [row] = await sql.query<Row>(
    'client_distribution',
    `WITH summed AS (
       SELECT sum(t.messages)::bigint AS messages
       FROM ${parts.sql} AS t (bucket, customer_id, messages, cost_micros, first_at, last_at)
       GROUP BY t.customer_id HAVING sum(t.messages) > 0
     ), placed AS (
       SELECT s.messages, row_number() OVER (ORDER BY s.messages DESC) AS place, count(*) OVER () AS clients
       FROM summed s
     )
     SELECT count(*) AS clients, coalesce(sum(p.messages), 0)::bigint AS total, max(p.messages) AS max,
       percentile_disc(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY p.messages) AS percentiles,
       coalesce(sum(p.messages) FILTER (WHERE p.place <= (p.clients + 9) / 10), 0)::bigint AS busiest
     FROM placed p`,
    [scope.workspace.id, ...parts.values],
  );
  const { clients = 0n, total = 0n, max = null, busiest = 0n } = row ?? {};
  const [p50 = 0n, p90 = 0n, p95 = 0n, p99 = 0n] = row?.percentiles ?? [];
  const mean = clients === 0n ? '0' : formatRatio(total, clients, 2).replace(/\.?0+$/, '');
  return { p50, p90, p95, p99, max: max ?? 0n, mean, topTenthShare: shareOf(busiest, total) };
}
