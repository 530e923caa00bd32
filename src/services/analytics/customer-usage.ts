// What did each of these customers use? One statement for a whole list.
import type { Sql } from '../../database/sql';
import { customerParts } from './parts';
import type { UsageScope } from './scope';
import type { Totals } from './totals';

interface Row {
  customer_id: string;
  messages: bigint;
  cost_micros: bigint;
  first_at: Date;
  last_at: Date;
}

/** The totals of each customer that has usage in the scope's period, by id. */
export async function findUsageByCustomer(
  sql: Sql,
  scope: UsageScope,
  customerIds: readonly string[],
): Promise<Map<string, Totals>> {
  const parts = customerParts([scope.period], scope.workspace.timeZone, { customerIds });
  const rows = await sql.query<Row>(
    'usage_by_customer',
    `SELECT t.customer_id, sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros,
       min(t.first_at) AS first_at, max(t.last_at) AS last_at
     FROM ${parts.sql} AS t (bucket, customer_id, messages, cost_micros, first_at, last_at)
     GROUP BY t.customer_id HAVING sum(t.messages) > 0`,
    [scope.workspace.id, ...parts.values],
  );
  return new Map(
    rows.map((row) => [
      row.customer_id,
      {
        costMicros: row.cost_micros,
        messages: row.messages,
        activeClients: 1n,
        firstAt: row.first_at,
        lastAt: row.last_at,
      },
    ]),
  );
}
