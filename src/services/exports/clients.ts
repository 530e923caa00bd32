// What PostgreSQL writes of each client that was charged, from roll-ups where there are some.
import { escapeLiteral } from 'pg';
import { customerParts } from '../analytics/parts';
import type { UsageScope } from '../analytics/scope';
import { amountCell } from './cells';
import type { Exportable } from './form';
import { copyOf, localCell, utcCell, withValues } from './sql-text';

/** Every client with usage, by cost; ties by name (byte-wise), then id. */
export const CLIENTS: Exportable = {
  columns: {
    customer_id: 'text',
    customer: 'value',
    phone: 'value',
    whatsapp_user_id: 'value',
    messages: 'value',
    amount: 'text',
    currency: 'text',
    first_at: 'text',
    last_at: 'text',
    last_local_time: 'text',
  },
  sum: (scope) =>
    `SELECT count(*) AS rows, coalesce(sum(s.cost_micros), 0)::text AS micros FROM (${summed(scope)}) s`,
  copy: (scope, style) =>
    copyOf(
      `SELECT r.id, ${style.words('r.name')}, ${style.phone('r.phone_number')}, ${style.userId('r.whatsapp_user_id')},
        r.messages, ${style.decimal(amountCell('r.cost_micros', scope.workspace.currency))}, '${scope.workspace.currency}',
        ${utcCell('r.first_at')}, ${utcCell('r.last_at')}, ${localCell('r.last_at', scope.period)}
      FROM (
        SELECT u.id, u.name, u.phone_number, u.whatsapp_user_id, s.messages, s.cost_micros, s.first_at, s.last_at
        FROM (${summed(scope)}) s
        JOIN customers u ON u.workspace_id = ${escapeLiteral(scope.workspace.id)} AND u.id = s.customer_id
        ORDER BY s.cost_micros DESC, u.name COLLATE "C", u.id
      ) r`,
      style,
    ),
};

/** The same rows as the report's list of clients. */
function summed({ workspace, period }: UsageScope): string {
  const parts = customerParts([period], workspace.timeZone);
  return withValues(
    `SELECT t.customer_id, sum(t.messages)::bigint AS messages, sum(t.cost_micros)::bigint AS cost_micros,
       min(t.first_at) AS first_at, max(t.last_at) AS last_at
     FROM ${parts.sql} AS t (bucket, customer_id, messages, cost_micros, first_at, last_at)
     GROUP BY t.customer_id HAVING sum(t.messages) > 0`,
    [workspace.id, ...parts.values],
  );
}
