// WHICH LINES ARE ON A STATEMENT? Those of its month posted until its closing, and those of earlier months posted since
// the closing before. Closing fixes both, so the answer is always the same.
import { createHash } from 'node:crypto';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { escapeLiteral } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Lease } from '../../database/lease';
import { firstDayOf } from '../../values/month';

export interface StatementKey {
  workspaceId: string;
  number: number;
  /** '2025-01'. */
  month: string;
  epoch: number;
}

/**
 * A FROM item with the ledger lines of a statement. COPY takes no parameters, so its values are literals: an escaped
 * id, numbers and a checked month. Epochs are listed, so that each is one lookup in the index (workspace, epoch,
 * month).
 */
export function membersOf({ workspaceId, month, epoch }: StatementKey): string {
  const workspace = escapeLiteral(workspaceId);
  const date = `date '${firstDayOf(month)}'`;
  const epochs = Array.from({ length: epoch }, (_, index) => index + 1).join();
  const columns = 'c.id, c.customer_id, c.amount_micros, c.reversal, c.occurred_at, c.month, c.epoch';
  return `(
    SELECT ${columns} FROM charges c
    WHERE c.workspace_id = ${workspace} AND c.epoch = ANY (ARRAY[${epochs}]) AND c.month = ${date}
    UNION ALL
    SELECT ${columns} FROM charges c
    WHERE c.workspace_id = ${workspace} AND c.epoch = ${epoch} AND c.month < ${date}
  )`;
}

/** What one client used in one month: rows (month, customer_id, messages, amount_micros). Nothing left: no row. */
export const clientLinesOf = (key: StatementKey): string => `
  SELECT m.month, m.customer_id, sum(CASE WHEN m.reversal THEN -1 ELSE 1 END)::bigint AS messages,
    sum(m.amount_micros)::bigint AS amount_micros
  FROM ${membersOf(key)} m GROUP BY m.month, m.customer_id
  HAVING sum(CASE WHEN m.reversal THEN -1 ELSE 1 END) <> 0 OR sum(m.amount_micros) <> 0`;

export const sumsOf = (key: StatementKey): string => `
  SELECT count(*) AS ledger_lines, coalesce(sum(CASE WHEN m.reversal THEN -1 ELSE 1 END), 0)::bigint AS messages,
    coalesce(sum(m.amount_micros), 0)::bigint AS total_micros,
    coalesce(sum(m.amount_micros) FILTER (WHERE m.month < date '${firstDayOf(key.month)}'), 0)::bigint AS carried_micros
  FROM ${membersOf(key)} m`;

export const pricesOf = (key: StatementKey): string => `
  SELECT coalesce(jsonb_agg(p ORDER BY p."amountMicros"::bigint), '[]') AS prices FROM (
    SELECT m.amount_micros::text AS "amountMicros", count(*) AS charges FROM ${membersOf(key)} m
    WHERE NOT m.reversal GROUP BY m.amount_micros
  ) p`;

/**
 * UTC with milliseconds, whatever the session's zone: an instant's distance from the epoch does not depend on zones.
 */
const INSTANT = `to_char(timestamp '1970-01-01' + (m.occurred_at - timestamptz '1970-01-01 00:00:00+00'),
      'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const COLUMNS = 'id,kind,customer_id,occurred_at,month,epoch,amount_micros';

/**
 * The head of the fixed form: the statement's name and the hash of the one before, so that no statement can be left
 * out.
 */
const headOf = (
  { workspaceId, number, month }: StatementKey,
  currency: string,
  previous: string | null,
): string =>
  `statement,${workspaceId},${number},${month},${currency}\nprevious_sha256,${previous ?? ''}\n${COLUMNS}\n`;

/**
 * The fixed form of a statement's ledger lines, whose SHA-256 is the statement's: docs/semantics.md#usage-statements. The
 * caller holds the connection until the stream has ended. An interrupted stream ends with an error.
 */
export function fixedForm(
  lease: Lease,
  key: StatementKey,
  currency: string,
  previousSha256: string | null,
): Readable {
  const rows = lease.client.query(
    copyTo(`COPY (/* statement_form */ SELECT concat_ws(',', m.id, CASE WHEN m.reversal THEN 'REVERSAL' ELSE 'CHARGE' END,
      m.customer_id, ${INSTANT}, to_char(m.month::timestamp, 'YYYY-MM'), m.epoch, m.amount_micros)
      FROM ${membersOf(key)} m ORDER BY m.occurred_at, m.id) TO STDOUT`),
  );
  const form = new PassThrough();
  form.write(headOf(key, currency, previousSha256));
  pipeline(rows, form, () => undefined);
  return form;
}

/** The SHA-256 of the fixed form, in hexadecimal digits. Memory stays flat. */
export async function hashOf(form: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of form) hash.update(piece as Buffer);
  return hash.digest('hex');
}
