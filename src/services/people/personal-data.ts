// All that is stored about one person in one workspace, as one JSON: the law lets people ask for it.
import { instantText, type Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { isUuid } from '../../values/ids';
import { formatMicros } from '../../values/money';
import { parsePhone } from '../../values/phone';
import { formatInstant } from '../../values/time';
import { CUSTOMER_COLUMNS, type CustomerRow, checkUserId } from '../customers/customers';

/** The person: a customer's id, or contacts, which need not belong to a registered customer. */
export interface PersonQuery {
  customerId?: string | undefined;
  phoneNumber?: string | undefined;
  whatsappUserId?: string | undefined;
}

export interface Person {
  customers: CustomerRow[];
  phoneNumbers: string[];
  userIds: string[];
}

/**
 * The JSON in pieces: the profile, every turn with its outcome, the ledger's lines, the months on statements, and the
 * trail of changes. The turns are the customer's own and those under their contacts, including those from before the
 * registration. To find these, all turns of the workspace are read in the order of time. `sql` must be one snapshot.
 * Throws BAD_USER_INPUT, also for an unknown customer; an unknown contact gives empty lists.
 */
export async function* exportPerson(
  sql: Sql,
  workspace: { id: string; currency: string },
  query: PersonQuery,
): AsyncGenerator<string> {
  const person = await findPerson(sql, workspace.id, query);
  const ids = person.customers.map(({ id }) => id);
  const amount = (micros: bigint) => formatMicros(micros, workspace.currency);
  yield `{"workspaceId":${JSON.stringify(workspace.id)},"currency":${JSON.stringify(workspace.currency)}`;
  yield* list('customers', [person.customers.map(toProfile)]);
  yield* list('turns', turnsOf(sql, workspace.id, person));
  yield* list('charges', chargesOf(sql, workspace.id, ids, amount));
  yield* list('statementMonths', monthsOf(sql, workspace.id, ids, amount));
  yield* list('auditEntries', entriesOf(sql, workspace.id, ids));
  yield '}\n';
}

type Batches = AsyncIterable<object[]> | Iterable<object[]>;

async function* list(name: string, batches: Batches): AsyncGenerator<string> {
  yield `,\n"${name}":[`;
  let separator = '\n';
  for await (const batch of batches) {
    for (const entry of batch) {
      yield `${separator}${JSON.stringify(entry)}`;
      separator = ',\n';
    }
  }
  yield ']';
}

/** `lock`: the lock of the customers' rows. Throws BAD_USER_INPUT. */
export async function findPerson(
  sql: Sql,
  workspaceId: string,
  query: PersonQuery,
  lock: '' | 'FOR NO KEY UPDATE' = '',
): Promise<Person> {
  const { customerId, phoneNumber, whatsappUserId } = query;
  const byContact = phoneNumber !== undefined || whatsappUserId !== undefined;
  if (byContact === (customerId !== undefined))
    throw badInput('Give the id of a customer, or a phone number, a WhatsApp user id, or both.');
  if (customerId !== undefined && !isUuid(customerId)) throw badInput('This is not the id of a customer.');
  const phone = phoneNumber === undefined ? null : parsePhone(phoneNumber);
  const userId = whatsappUserId === undefined ? null : checkUserId(whatsappUserId);
  const customers = await sql.query<CustomerRow>(
    'find_person',
    `SELECT ${CUSTOMER_COLUMNS} FROM customers c
     WHERE c.workspace_id = $1 AND (c.id = $2::uuid OR c.phone_number = $3 OR c.whatsapp_user_id = $4) ORDER BY c.id ${lock}`,
    [workspaceId, customerId ?? null, phone, userId],
  );
  if (customerId !== undefined && customers.length === 0)
    throw badInput(`There is no customer ${customerId} in the workspace ${JSON.stringify(workspaceId)}.`);
  const contacts = (given: string | null, stored: (string | null)[]): string[] => [
    ...new Set([given, ...stored].filter((contact) => contact !== null)),
  ];
  return {
    customers,
    phoneNumbers: contacts(
      phone,
      customers.map((row) => row.phone_number),
    ),
    userIds: contacts(
      userId,
      customers.map((row) => row.whatsapp_user_id),
    ),
  };
}

const toProfile = (row: CustomerRow): object => ({
  id: row.id,
  name: row.name,
  phoneNumber: row.phone_number,
  whatsappUserId: row.whatsapp_user_id,
  activeChatbot: row.active_chatbot,
  createdAt: formatInstant(row.created_at),
});

/** The position before every turn, for a walk by time. */
export const BEGINNING = ['-infinity', '00000000-0000-0000-0000-000000000000'] as const;
/** Turns per statement, of any person. */
const PAGE = 10_000;
/** Charges per statement. */
const LINES = 1_000;

interface TurnRow {
  /**
   * As text with microseconds: a Date is cut to milliseconds, and the next page would begin with the last row again.
   */
  last_at: string;
  last_id: string;
  /** Null: no turn of this page belongs to the person. */
  id: string | null;
  customer_id: string | null;
  phone_number: string | null;
  whatsapp_user_id: string | null;
  message: string;
  response: string | null;
  failure: string | null;
  outcome: string;
  occurred_at: Date;
  saved_at: Date;
  text_removed_at: Date | null;
}

/** There is no index on contacts, since it would slow down each save. So this reads all turns by time, page by page. */
const TURNS = `
  WITH page AS MATERIALIZED (
    SELECT m.* FROM messages m WHERE m.workspace_id = $1 AND (m.occurred_at, m.id) > ($2::timestamptz, $3::uuid)
    ORDER BY m.occurred_at, m.id LIMIT ${PAGE}
  ), last AS (
    SELECT p.occurred_at, p.id FROM page p ORDER BY p.occurred_at DESC, p.id DESC LIMIT 1
  )
  SELECT ${instantText('l.occurred_at')} AS last_at, l.id AS last_id, p.id, p.customer_id, p.phone_number, p.whatsapp_user_id, p.message,
    p.response, p.failure, p.outcome, p.occurred_at, p.saved_at, p.text_removed_at
  FROM last l LEFT JOIN page p ON p.customer_id = ANY ($4::uuid[]) OR p.phone_number = ANY ($5::text[])
    OR p.whatsapp_user_id = ANY ($6::text[])
  ORDER BY p.occurred_at, p.id`;

async function* turnsOf(sql: Sql, workspaceId: string, person: Person): AsyncGenerator<object[]> {
  let position: readonly unknown[] = BEGINNING;
  for (;;) {
    const rows = await sql.query<TurnRow>('turns_of_person', TURNS, [
      workspaceId,
      ...position,
      person.customers.map(({ id }) => id),
      person.phoneNumbers,
      person.userIds,
    ]);
    const [first] = rows;
    if (!first) return;
    yield rows.filter(({ id }) => id !== null).map(toTurn);
    position = [first.last_at, first.last_id];
  }
}

const toTurn = (row: TurnRow): object => ({
  id: row.id,
  customerId: row.customer_id,
  occurredAt: formatInstant(row.occurred_at),
  savedAt: formatInstant(row.saved_at),
  phoneNumber: row.phone_number,
  whatsappUserId: row.whatsapp_user_id,
  message: row.message,
  response: row.response,
  ...(row.failure === null ? {} : { failure: row.failure }),
  outcome: row.outcome,
  textRemovedAt: row.text_removed_at && formatInstant(row.text_removed_at),
});

type Amount = (micros: bigint) => string;

interface ChargeRow {
  id: string;
  customer_id: string;
  message_id: string;
  amount_micros: bigint;
  reversal: boolean;
  occurred_at: Date;
  saved_at: Date;
  /** See TurnRow.last_at. */
  at: string;
  reason: string | null;
}

async function* chargesOf(
  sql: Sql,
  workspaceId: string,
  customerIds: readonly string[],
  amount: Amount,
): AsyncGenerator<object[]> {
  for (const customerId of customerIds) {
    let position: readonly unknown[] = BEGINNING;
    for (;;) {
      const rows = await sql.query<ChargeRow>(
        'charges_of_person',
        `SELECT c.id, c.customer_id, c.message_id, c.amount_micros, c.reversal, c.occurred_at, c.saved_at,
           ${instantText('c.occurred_at')} AS at, v.reason
         FROM charges c LEFT JOIN voids v ON v.workspace_id = $1 AND v.reversal_id = c.id
         WHERE c.workspace_id = $1 AND c.customer_id = $2 AND (c.occurred_at, c.id) > ($3::timestamptz, $4::uuid)
         ORDER BY c.occurred_at, c.id LIMIT ${LINES}`,
        [workspaceId, customerId, ...position],
      );
      const last = rows.at(-1);
      if (!last) break;
      yield rows.map((row) => ({
        id: row.id,
        kind: row.reversal ? 'REVERSAL' : 'CHARGE',
        customerId: row.customer_id,
        turnId: row.message_id,
        amount: amount(row.amount_micros),
        occurredAt: formatInstant(row.occurred_at),
        savedAt: formatInstant(row.saved_at),
        ...(row.reason === null ? {} : { reason: row.reason }),
      }));
      position = [last.at, last.id];
    }
  }
}

async function* monthsOf(
  sql: Sql,
  workspaceId: string,
  customerIds: readonly string[],
  amount: Amount,
): AsyncGenerator<object[]> {
  const rows = await sql.query<{
    number: number;
    month: string;
    customer_id: string;
    messages: bigint;
    amount_micros: bigint;
  }>(
    'statement_months_of_person',
    `SELECT l.number, left(l.month::text, 7) AS month, l.customer_id, l.messages, l.amount_micros FROM statement_lines l
     WHERE l.workspace_id = $1 AND l.customer_id = ANY ($2::uuid[]) ORDER BY l.number, l.month, l.customer_id`,
    [workspaceId, customerIds],
  );
  yield rows.map((row) => ({
    statement: row.number,
    month: row.month,
    customerId: row.customer_id,
    messages: Number(row.messages),
    amount: amount(row.amount_micros),
  }));
}

async function* entriesOf(
  sql: Sql,
  workspaceId: string,
  customerIds: readonly string[],
): AsyncGenerator<object[]> {
  const rows = await sql.query<{
    at: Date;
    actor: string;
    action: string;
    subject: string;
    before: unknown;
    after: unknown;
  }>(
    'audit_of_person',
    `SELECT a.at, a.actor, a.action, a.subject, a.before, a.after FROM audit_entries a
     WHERE a.workspace_id = $1 AND a.subject = ANY ($2::text[]) ORDER BY a.id`,
    [workspaceId, customerIds],
  );
  yield rows.map(({ at, ...entry }) => ({ at: formatInstant(at), ...entry }));
}
