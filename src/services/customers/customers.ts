// Customers: the people whose turns are charged, known by a phone number, a WhatsApp user id, or both.
import type { Sql } from '../../database/sql';
import { badInput, forbiddenWorkspace } from '../../errors';
import { isUuid } from '../../values/ids';
import { cleanText } from '../../values/text';
import { checkFirst, isName, type Page, readCursor, toPage, writeCursor } from '../page';
import { NAME_LIMIT } from '../workspaces/workspaces';

export interface Customer {
  workspaceId: string;
  id: string;
  name: string;
  phoneNumber: string | null;
  whatsappUserId: string | null;
  activeChatbot: boolean;
  createdAt: Date;
}

/** The table's CHECK: everybody has a contact until they are erased. */
export const isErased = (customer: Customer): boolean =>
  customer.phoneNumber === null && customer.whatsappUserId === null;

/** A row of the columns below. */
export interface CustomerRow {
  workspace_id: string;
  id: string;
  name: string;
  phone_number: string | null;
  whatsapp_user_id: string | null;
  active_chatbot: boolean;
  created_at: Date;
}

/** Columns of the table with the alias `c`. */
export const CUSTOMER_COLUMNS =
  'c.workspace_id, c.id, c.name, c.phone_number, c.whatsapp_user_id, c.active_chatbot, c.created_at';

const USER_ID_LIMIT = 255;

/** WhatsApp's business-scoped user id. WhatsApp may change its form, so only its length is checked. */
export function checkUserId(text: string): string {
  const id = cleanText(text).trim();
  if (id === '' || id.length > USER_ID_LIMIT) {
    throw badInput(`whatsappUserId must have 1 to ${USER_ID_LIMIT} characters; this one has ${id.length}.`);
  }
  return id;
}

/** One statement for a whole list; what doesn't exist is left out. */
export async function findCustomersById(
  sql: Sql,
  workspaceId: string,
  ids: readonly string[],
): Promise<Map<string, Customer>> {
  const rows = await sql.query<CustomerRow>(
    'customers_by_id',
    `SELECT ${CUSTOMER_COLUMNS} FROM customers c WHERE c.workspace_id = $1 AND c.id = ANY ($2::uuid[])`,
    [workspaceId, ids],
  );
  return new Map(rows.map((row) => [row.id, toCustomer(row)]));
}

/** The same of one customer, whose row is held until the transaction ends. */
export async function lockCustomer(sql: Sql, workspaceId: string, id: string): Promise<Customer | undefined> {
  const [row] = await sql.query<CustomerRow>(
    'lock_customer',
    `SELECT ${CUSTOMER_COLUMNS} FROM customers c WHERE c.workspace_id = $1 AND c.id = $2 FOR NO KEY UPDATE`,
    [workspaceId, id],
  );
  return row && toCustomer(row);
}

/** The customer with this id, or null when the workspace has none. Throws FORBIDDEN. */
export async function findCustomer(sql: Sql, workspaceId: string, id: string): Promise<Customer | null> {
  const found = isUuid(id) ? await findCustomersById(sql, workspaceId, [id]) : undefined;
  const customer = found?.get(id.toLowerCase());
  if (!customer) await checkWorkspaceExists(sql, workspaceId);
  return customer ?? null;
}

export interface CustomerQuery {
  /** A part of the name, the phone number or the WhatsApp user id. */
  search?: string | null | undefined;
  first: number;
  after?: string | null | undefined;
}

/** The workspace's customers by name (byte-wise), then id. Throws BAD_USER_INPUT, FORBIDDEN. */
export async function listCustomers(
  sql: Sql,
  workspaceId: string,
  query: CustomerQuery,
): Promise<Page<Customer>> {
  const first = checkFirst(query.first);
  const asked = { list: 'customers', workspaceId, args: { search: checkSearch(query.search) } };
  const cursor = query.after ? readCursor(query.after, asked, [isName, isUuid]) : undefined;
  const search = cursor ? checkSearch(cursor.args.search) : asked.args.search;
  const pattern = search === null ? null : `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  const digits = search === null ? null : phonePattern(search);
  const rows = await sql.query<CustomerRow>(
    'list_customers',
    `SELECT ${CUSTOMER_COLUMNS} FROM customers c
     WHERE c.workspace_id = $1 AND ${MATCHES}
       AND ($4::text IS NULL OR (c.name COLLATE "C", c.id) > ($4::text COLLATE "C", $5::uuid))
     ORDER BY c.name COLLATE "C", c.id LIMIT $6`,
    [workspaceId, pattern, digits, cursor?.position[0] ?? null, cursor?.position[1] ?? null, first + 1],
  );
  // A login may name a workspace that does not exist: the answer is that of a foreign workspace.
  if (rows.length === 0) await checkWorkspaceExists(sql, workspaceId);
  const made = { ...asked, args: { search } };
  return toPage(rows.map(toCustomer), first, {
    after: cursor !== undefined,
    cursor: (customer) => writeCursor(made, {}, [customer.name, customer.id]),
    total: () => countCustomers(sql, workspaceId, pattern, digits),
  });
}

async function checkWorkspaceExists(sql: Sql, id: string): Promise<void> {
  const rows = await sql.query('workspace_exists', 'SELECT w.id FROM workspaces w WHERE w.id = $1', [id]);
  if (rows.length === 0) throw forbiddenWorkspace(id);
}

const MATCHES = `($2::text IS NULL OR c.name ILIKE $2 OR c.whatsapp_user_id ILIKE $2 OR c.phone_number LIKE $3)`;

async function countCustomers(
  sql: Sql,
  workspaceId: string,
  pattern: string | null,
  digits: string | null,
): Promise<number> {
  const [row] = await sql.query<{ total: bigint }>(
    'count_customers',
    `SELECT count(*) AS total FROM customers c WHERE c.workspace_id = $1 AND ${MATCHES}`,
    [workspaceId, pattern, digits],
  );
  return Number(row?.total ?? 0n);
}

/** The digits of a typed part of a number, however they are grouped. */
function phonePattern(search: string): string | null {
  const digits = search.replace(/[\s().-]/g, '');
  return /^\+?\d+$/.test(digits) ? `%${digits}%` : null;
}

function checkSearch(text: string | null | undefined): string | null {
  const search = cleanText(text ?? '').trim();
  if (search.length > NAME_LIMIT)
    throw badInput(`search has ${search.length} characters; at most ${NAME_LIMIT} are taken.`);
  return search === '' ? null : search;
}

export const toCustomer = (row: CustomerRow): Customer => ({
  workspaceId: row.workspace_id,
  id: row.id,
  name: row.name,
  phoneNumber: row.phone_number,
  whatsappUserId: row.whatsapp_user_id,
  activeChatbot: row.active_chatbot,
  createdAt: row.created_at,
});
