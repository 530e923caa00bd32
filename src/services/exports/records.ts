// What PostgreSQL writes of each charge and reversal, cell by cell, each in its final form.
import type { Workspace } from '../workspaces/workspaces';
import { amountCell, type CellStyle, nanosCell } from './cells';
import type { Exportable } from './form';
import { copyOf, localCell, ofWorkspace, rowsOf, utcCell } from './sql-text';

/*
 * Measured with a million charges of 2 000 customers (embedded PostgreSQL 18, 2 cores), against COPY of the bare
 * columns as CSV, 2.6 µs of the database's time a row:
 *   this, as CSV     0.67 to 0.70 of its rate, 3.6 µs a row; as NDJSON 0.58, 3.7 µs; memory grows by 2 to 22 MB
 *   a cursor (pg-query-stream) over lines made in SQL   CSV 0.38 to 0.51, NDJSON 0.33; 30 to 100 MB
 *   JSON objects made in SQL   json_build_object 9 µs a row, concat 7; keys set in JavaScript, beside the database: 3.7
 * A cell: to_char for an instant 0.8 µs, substr of to_json 0.35; an amount by text functions 0.75, by round 0.25; names
 * escaped for each charge 0.5, for each customer (LATERAL ... OFFSET 0 is what Memoize keeps) nothing to be measured.
 */

/** SQL: llm_cost and channel_cost of a turn with its columns of messages; NULL where a cost is not known. */
export const costCells = (turn: string, { currency }: Workspace, style: CellStyle): string =>
  `${style.decimal(nanosCell(`${turn}.llm_cost_nanos`, currency))}::text AS llm_cost,
          ${style.decimal(amountCell(`${turn}.channel_cost_micros`, currency))}::text AS channel_cost`;

/**
 * Every charge and reversal, by occurredAt, id. The turn's costs are beside its charge, since a reversal takes none back;
 * in a workspace without costs no turn is looked up for them.
 */
export const RECORDS: Exportable = {
  columns: {
    id: 'text',
    occurred_at: 'text',
    saved_at: 'text',
    local_time: 'text',
    customer_id: 'text',
    customer: 'value',
    phone: 'value',
    whatsapp_user_id: 'value',
    amount: 'text',
    currency: 'text',
    kind: 'text',
    llm_cost: 'value',
    channel_cost: 'value',
  },
  sum: ({ workspace, period }) =>
    `SELECT count(*) AS rows, coalesce(sum(c.amount_micros), 0)::text AS micros FROM charges c
      WHERE ${rowsOf('c', workspace, period)}`,
  copy: ({ workspace, period }, style) =>
    copyOf(
      `SELECT r.id, ${utcCell('r.occurred_at')}, ${utcCell('r.saved_at')}, ${localCell('r.occurred_at', period)},
        r.customer_id, r.name, r.phone, r.user_id, r.amount, '${workspace.currency}', r.kind,
        ${style.optional('r.llm_cost')}, ${style.optional('r.channel_cost')}
      FROM (
        SELECT c.id, c.occurred_at, c.saved_at, c.customer_id, u.name, u.phone, u.user_id,
          CASE WHEN c.reversal THEN 'REVERSAL' ELSE 'CHARGE' END AS kind,
          ${style.decimal(amountCell('c.amount_micros', workspace.currency))} AS amount,
          ${costCells('m', workspace, style)}
        FROM charges c CROSS JOIN LATERAL (
          SELECT ${style.words('u.name')} AS name, ${style.phone('u.phone_number')} AS phone,
            ${style.userId('u.whatsapp_user_id')} AS user_id
          FROM customers u WHERE ${ofWorkspace('u', workspace)} AND u.id = c.customer_id OFFSET 0) u
        LEFT JOIN LATERAL (
          SELECT m.llm_cost_nanos, m.channel_cost_micros FROM messages m
          WHERE (SELECT EXISTS (SELECT FROM cost_days d WHERE ${ofWorkspace('d', workspace)}))
            AND ${ofWorkspace('m', workspace)} AND m.id = c.message_id AND NOT c.reversal OFFSET 0) m ON true
        WHERE ${rowsOf('c', workspace, period)}
        ORDER BY c.occurred_at, c.id
      ) r`,
      style,
    ),
};
