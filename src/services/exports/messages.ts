// What PostgreSQL writes of each saved turn, also of those that were not charged.
import { escapeLiteral } from 'pg';
import { valueOfNumber } from '../analytics/breakdown';
import { amountCell } from './cells';
import type { Exportable } from './form';
import { costCells, RECORDS } from './records';
import { copyOf, localCell, ofWorkspace, rowsOf, utcCell } from './sql-text';

/** Every saved turn, by occurredAt, id. */
export const MESSAGES: Exportable = {
  columns: {
    id: 'text',
    occurred_at: 'text',
    saved_at: 'text',
    local_time: 'text',
    customer_id: 'value',
    customer: 'value',
    phone: 'value',
    whatsapp_user_id: 'value',
    message: 'value',
    response: 'value',
    outcome: 'text',
    charge_id: 'value',
    amount: 'value',
    currency: 'text',
    text_removed_at: 'value',
    failure: 'value',
    workflow: 'value',
    channel: 'value',
    model: 'value',
    input_tokens: 'value',
    cached_input_tokens: 'value',
    output_tokens: 'value',
    llm_cost: 'value',
    channel_cost: 'value',
  },
  // A charge has its turn's instant: what the turns come to is what the records of the same period do.
  sum: (scope) =>
    `SELECT (SELECT count(*) FROM messages m WHERE ${rowsOf('m', scope.workspace, scope.period)}) AS rows, c.micros
      FROM (${RECORDS.sum(scope)}) c`,
  copy: ({ workspace, period }, style) =>
    copyOf(
      `SELECT r.id, ${utcCell('r.occurred_at')}, ${utcCell('r.saved_at')}, ${localCell('r.occurred_at', period)},
        ${style.optional('r.customer_id')}, ${style.missing('r.name')},
        ${style.phone('r.phone_number')}, ${style.userId('r.whatsapp_user_id')},
        ${style.words('r.message')}, ${style.words('r.response')}, r.outcome, ${style.optional('r.charge_id')},
        ${style.optional('r.amount')}, '${workspace.currency}', ${style.optional(utcCell('r.text_removed_at'))},
        ${style.words('r.failure')}, ${style.words('r.workflow')}, ${style.words('r.channel')},
        ${style.words('r.model')}, ${style.missing('r.input_tokens::text')}, ${style.missing('r.cached_input_tokens::text')},
        ${style.missing('r.output_tokens::text')}, ${style.optional('r.llm_cost')}, ${style.optional('r.channel_cost')}
      FROM (
        SELECT m.*, u.name, c.id AS charge_id,
          CASE WHEN m.outcome = 'TRACKED' THEN ${style.decimal(amountCell('c.amount_micros', workspace.currency))}::text END
            AS amount,
          ${valueOfNumber('WORKFLOW', 'm.workflow_number', escapeLiteral(workspace.id))} AS workflow,
          ${valueOfNumber('CHANNEL', 'm.channel_number', escapeLiteral(workspace.id))} AS channel,
          ${valueOfNumber('MODEL', 'm.model_number', escapeLiteral(workspace.id))} AS model,
          ${costCells('m', workspace, style)}
        FROM messages m
        LEFT JOIN LATERAL (
          SELECT ${style.words('u.name')} AS name FROM customers u
          WHERE ${ofWorkspace('u', workspace)} AND u.id = m.customer_id OFFSET 0) u ON true
        LEFT JOIN LATERAL (
          SELECT c.id, c.amount_micros FROM charges c
          WHERE ${ofWorkspace('c', workspace)} AND c.message_id = m.id AND NOT c.reversal OFFSET 0) c ON true
        WHERE ${rowsOf('m', workspace, period)}
        ORDER BY m.occurred_at, m.id
      ) r`,
      style,
    ),
};
