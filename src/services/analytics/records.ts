// The single rows: which charges, which messages, newest first?
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { isUuid } from '../../values/ids';
import { pace } from '../../values/pace';
import { checkRange, choiceTexts, type PeriodChoice } from '../../values/period';
import { formatInstant, parseInstant } from '../../values/time';
import { type Asked, checkFirst, isInstant, type Page, readCursor, toPage, writeCursor } from '../page';
import { TRACKING_OUTCOMES, type TrackingOutcome } from '../turns/tracking';
import { toUsageVoid, type UsageVoid, VOID_COLUMNS, VOID_JOIN, type VoidColumns } from '../turns/usage-void';
import { findScope } from './scope';

/** The event loop's work to make a row of what PostgreSQL sends, counted as values of an answer. */
const ROW_WEIGHT = 4;

export interface RecordsQuery {
  period?: PeriodChoice | null | undefined;
  timeZone?: string | null | undefined;
  customerId?: string | null | undefined;
  first: number;
  after?: string | null | undefined;
}

export interface MessagesQuery extends RecordsQuery {
  outcome?: TrackingOutcome | null | undefined;
}

export interface UsageRecordRow {
  id: string;
  workspaceId: string;
  customerId: string;
  messageId: string;
  /** Micro-units. */
  amountMicros: bigint;
  currency: string;
  occurredAt: Date;
  savedAt: Date;
  /** Null unless it was taken back. */
  voided: UsageVoid | null;
}

export interface MessageRow {
  id: string;
  workspaceId: string;
  customerId: string | null;
  phoneNumber: string | null;
  whatsappUserId: string | null;
  /** Bytes of message, response and failure in UTF-8. The texts themselves are read only if asked for. */
  messageBytes: number;
  /** Null: there is no response. */
  responseBytes: number | null;
  /** The same of why there is no response. */
  failureBytes: number | null;
  occurredAt: Date;
  savedAt: Date;
  /** When texts and contacts were removed; null: they are stored. */
  textRemovedAt: Date | null;
  outcome: TrackingOutcome;
  charge: UsageRecordRow | null;
}

export type TextColumn = 'message' | 'response' | 'failure';

/** The charges of a period by occurredAt, id, descending. Throws BAD_USER_INPUT, FORBIDDEN. */
export async function listUsageRecords(
  sql: Sql,
  workspaceId: string,
  query: RecordsQuery,
  asOf: Date,
): Promise<Page<UsageRecordRow>> {
  const walk = await startWalk(sql, 'usageRecords', workspaceId, query, asOf);
  await pace(walk.first * ROW_WEIGHT);
  const filter = filterOf('c', walk);
  const rows = await sql.query<ChargeRow>(
    'list_usage_records',
    `SELECT ${CHARGE_COLUMNS} FROM charges c ${CHARGE_JOINS}
     WHERE ${filter.where}${filter.after} ORDER BY c.occurred_at DESC, c.id DESC LIMIT $${filter.limit}`,
    [...filter.values, ...walk.position, walk.first + 1],
  );
  return toPage(rows.map(toUsageRecord), walk.first, {
    after: walk.position.length > 0,
    cursor: (row) => writeCursor(walk.asked, walk.resolved, [formatInstant(row.occurredAt), row.id]),
    total: () => count(sql, 'count_usage_records', `FROM charges c WHERE ${filter.where}`, filter.values),
  });
}

/** One charge; undefined when the workspace does not have it. */
export async function findUsageRecord(
  sql: Sql,
  workspaceId: string,
  id: string,
): Promise<UsageRecordRow | undefined> {
  const [row] = await sql.query<ChargeRow>(
    'usage_record',
    `SELECT ${CHARGE_COLUMNS} FROM charges c ${CHARGE_JOINS}
     WHERE c.workspace_id = $1 AND c.id = $2 AND NOT c.reversal`,
    [workspaceId, id],
  );
  return row && toUsageRecord(row);
}

/** The messages of a period by occurredAt, id, descending. Throws BAD_USER_INPUT, FORBIDDEN. */
export async function listMessages(
  sql: Sql,
  workspaceId: string,
  query: MessagesQuery,
  asOf: Date,
): Promise<Page<MessageRow>> {
  const walk = await startWalk(sql, 'messages', workspaceId, query, asOf);
  await pace(walk.first * ROW_WEIGHT);
  const filter = filterOf('m', walk);
  const rows = await sql.query<FullMessageRow>(
    'list_messages',
    `SELECT ${MESSAGE_COLUMNS} FROM (
       SELECT m.* FROM messages m WHERE ${filter.where}${filter.after}
       ORDER BY m.occurred_at DESC, m.id DESC LIMIT $${filter.limit}
     ) m ${MESSAGE_JOINS} ORDER BY m.occurred_at DESC, m.id DESC`,
    [...filter.values, ...walk.position, walk.first + 1],
  );
  return toPage(rows.map(toMessage), walk.first, {
    after: walk.position.length > 0,
    cursor: (row) => writeCursor(walk.asked, walk.resolved, [formatInstant(row.occurredAt), row.id]),
    total: () => count(sql, 'count_messages', `FROM messages m WHERE ${filter.where}`, filter.values),
  });
}

/** One statement for a whole list; what doesn't exist is left out. */
export async function findMessagesById(
  sql: Sql,
  workspaceId: string,
  ids: readonly string[],
): Promise<Map<string, MessageRow>> {
  await pace(ids.length * ROW_WEIGHT);
  const rows = await sql.query<FullMessageRow>(
    'messages_by_id',
    `SELECT ${MESSAGE_COLUMNS} FROM messages m ${MESSAGE_JOINS}
     WHERE m.workspace_id = $1 AND m.id = ANY ($2::uuid[])`,
    [workspaceId, ids],
  );
  return new Map(rows.map((row) => [row.id, toMessage(row)]));
}

/** One text of each of some messages; what doesn't exist is left out. */
export async function findTexts(
  sql: Sql,
  workspaceId: string,
  column: TextColumn,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const rows = await sql.query<{ id: string; text: string }>(
    `${column}_texts`,
    `SELECT m.id, m.${column} AS text FROM messages m
     WHERE m.workspace_id = $1 AND m.id = ANY ($2::uuid[]) AND m.${column} IS NOT NULL`,
    [workspaceId, ids],
  );
  return new Map(rows.map(({ id, text }) => [id, text]));
}

interface Walk {
  asked: Asked;
  resolved: Record<string, string>;
  from: Date;
  to: Date;
  customerId: string | undefined;
  outcome: string | undefined;
  workspaceId: string;
  first: number;
  /** occurredAt and id of the last row of the page before; empty at page one. */
  position: string[];
}

async function startWalk(
  sql: Sql,
  list: string,
  workspaceId: string,
  query: MessagesQuery,
  asOf: Date,
): Promise<Walk> {
  const first = checkFirst(query.first);
  checkCustomerId(query.customerId);
  const asked: Asked = {
    list,
    workspaceId,
    args: {
      ...choiceTexts(query.period),
      timeZone: query.timeZone,
      customerId: query.customerId?.toLowerCase(),
      outcome: query.outcome,
    },
  };
  if (query.after) {
    const cursor = readCursor(query.after, asked, [isInstant, isUuid]);
    const range = {
      from: parseInstant(cursor.resolved.from ?? ''),
      to: parseInstant(cursor.resolved.to ?? ''),
    };
    checkRange(range);
    checkCustomerId(cursor.args.customerId);
    checkOutcome(list, cursor.args.outcome);
    return {
      ...{ asked: { ...asked, args: cursor.args }, resolved: cursor.resolved, workspaceId, first },
      ...{ ...range, position: cursor.position },
      ...{ customerId: cursor.args.customerId, outcome: cursor.args.outcome },
    };
  }
  const scope = await findScope(sql, workspaceId, query, asOf);
  const { from, to, timeZone } = scope.period;
  return {
    ...{
      asked,
      resolved: { from: formatInstant(from), to: formatInstant(to), timeZone },
      workspaceId,
      first,
    },
    ...{ from, to, position: [] },
    ...{ customerId: asked.args.customerId ?? undefined, outcome: asked.args.outcome ?? undefined },
  };
}

/** Refuses empty text, which is no id: if it meant "all", a mistake in a dashboard would show everybody's rows. */
function checkCustomerId(id: string | null | undefined): void {
  if (id !== null && id !== undefined && !isUuid(id))
    throw badInput('customerId is not the id of a customer.');
}

/** Checks the position of a cursor, since anybody can write one. */
function checkOutcome(list: string, outcome: string | undefined): void {
  const known = list === 'messages' && TRACKING_OUTCOMES.some((name) => name === outcome);
  if (outcome !== undefined && !known) throw badInput('after is not a cursor of this list.');
}

/** The WHERE of a walk over `table`, the condition of its position, and the number of its LIMIT's parameter. */
function filterOf(
  table: 'c' | 'm',
  walk: Walk,
): { where: string; after: string; values: unknown[]; limit: number } {
  const values: unknown[] = [walk.workspaceId, walk.from, walk.to];
  let where = `${table}.workspace_id = $1 AND ${table}.occurred_at >= $2 AND ${table}.occurred_at < $3`;
  // A reversal is not listed: its charge shows that it was taken back.
  if (table === 'c') where += ' AND NOT c.reversal';
  if (walk.customerId !== undefined)
    where += ` AND ${table}.customer_id = $${values.push(walk.customerId)}::uuid`;
  if (walk.outcome !== undefined) where += ` AND ${outcomeCondition(walk.outcome, values)}`;
  const at = values.length + 1;
  const after =
    walk.position.length > 0
      ? ` AND (${table}.occurred_at, ${table}.id) < ($${at}::timestamptz, $${at + 1}::uuid)`
      : '';
  return { where, after, values, limit: values.length + walk.position.length + 1 };
}

/** The index of uncharged messages is partial: the planner uses it only when the statement repeats its condition. */
const outcomeCondition = (outcome: string, values: unknown[]): string =>
  `m.outcome = $${values.push(outcome)}${outcome === 'TRACKED' ? '' : " AND m.outcome <> 'TRACKED'"}`;

async function count(sql: Sql, name: string, from: string, values: unknown[]): Promise<number> {
  const [row] = await sql.query<{ total: bigint }>(name, `SELECT count(*) AS total ${from}`, values);
  return Number(row?.total ?? 0n);
}

interface ChargeRow extends VoidColumns {
  id: string;
  workspace_id: string;
  customer_id: string;
  message_id: string;
  amount_micros: bigint;
  currency: string;
  occurred_at: Date;
  saved_at: Date;
}

const CHARGE_COLUMNS = `c.id, c.workspace_id, c.customer_id, c.message_id, c.amount_micros, w.currency, c.occurred_at,
  c.saved_at, ${VOID_COLUMNS}`;

const CHARGE_JOINS = `JOIN workspaces w ON w.id = $1 ${VOID_JOIN}`;

const toUsageRecord = (row: ChargeRow): UsageRecordRow => ({
  id: row.id,
  workspaceId: row.workspace_id,
  customerId: row.customer_id,
  messageId: row.message_id,
  amountMicros: row.amount_micros,
  currency: row.currency,
  occurredAt: row.occurred_at,
  savedAt: row.saved_at,
  voided: toUsageVoid(row),
});

interface FullMessageRow extends VoidColumns {
  id: string;
  workspace_id: string;
  customer_id: string | null;
  phone_number: string | null;
  whatsapp_user_id: string | null;
  message_bytes: number;
  response_bytes: number | null;
  failure_bytes: number | null;
  outcome: TrackingOutcome;
  occurred_at: Date;
  saved_at: Date;
  text_removed_at: Date | null;
  currency: string;
  charge_id: string | null;
  amount_micros: bigint;
  charge_customer_id: string;
  charge_saved_at: Date;
}

/** octet_length reads the length from the row: PostgreSQL stores long texts elsewhere and does not read them for it. */
const MESSAGE_COLUMNS = `m.id, m.workspace_id, m.customer_id, m.phone_number, m.whatsapp_user_id,
  octet_length(m.message) AS message_bytes, octet_length(m.response) AS response_bytes,
  octet_length(m.failure) AS failure_bytes,
  m.outcome, m.occurred_at, m.saved_at, m.text_removed_at, w.currency, c.id AS charge_id, c.amount_micros,
  c.customer_id AS charge_customer_id, c.saved_at AS charge_saved_at, ${VOID_COLUMNS}`;

const MESSAGE_JOINS = `JOIN workspaces w ON w.id = $1
  LEFT JOIN charges c ON c.workspace_id = $1 AND c.message_id = m.id AND NOT c.reversal
  ${VOID_JOIN}`;

const toMessage = (row: FullMessageRow): MessageRow => ({
  id: row.id,
  workspaceId: row.workspace_id,
  customerId: row.customer_id,
  phoneNumber: row.phone_number,
  whatsappUserId: row.whatsapp_user_id,
  messageBytes: row.message_bytes,
  responseBytes: row.response_bytes,
  failureBytes: row.failure_bytes,
  outcome: row.outcome,
  occurredAt: row.occurred_at,
  savedAt: row.saved_at,
  textRemovedAt: row.text_removed_at,
  charge:
    row.charge_id === null
      ? null
      : {
          id: row.charge_id,
          workspaceId: row.workspace_id,
          customerId: row.charge_customer_id,
          messageId: row.id,
          amountMicros: row.amount_micros,
          currency: row.currency,
          occurredAt: row.occurred_at,
          savedAt: row.charge_saved_at,
          voided: toUsageVoid(row),
        },
});
