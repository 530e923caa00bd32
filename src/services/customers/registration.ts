// How a registration changes the stored customers: the one rule for single registrations and for imports.
import type { Sql } from '../../database/sql';
import { violates } from '../../database/sql';
import { badInput, conflict } from '../../errors';
import { newId } from '../../values/ids';
import { parsePhone } from '../../values/phone';
import { checkName } from '../workspaces/workspaces';
import { CUSTOMER_COLUMNS, type Customer, type CustomerRow, checkUserId, toCustomer } from './customers';

export interface Registration {
  name: string;
  phoneNumber?: string | null | undefined;
  whatsappUserId?: string | null | undefined;
  /** Absent or null: unchanged; a new customer starts active. */
  activeChatbot?: boolean | null | undefined;
}

/** A registration whose fields are checked and normalised; null: not given. */
export interface CheckedRegistration {
  name: string;
  phoneNumber: string | null;
  whatsappUserId: string | null;
  activeChatbot: boolean | null;
}

/** Throws BAD_USER_INPUT. */
export function checkRegistration(input: Registration): CheckedRegistration {
  const checked = {
    name: checkName(input.name),
    phoneNumber: input.phoneNumber?.trim() ? parsePhone(input.phoneNumber) : null,
    whatsappUserId: input.whatsappUserId?.trim() ? checkUserId(input.whatsappUserId) : null,
    activeChatbot: input.activeChatbot ?? null,
  };
  if (checked.phoneNumber === null && checked.whatsappUserId === null) {
    throw badInput('A customer needs a phoneNumber or a whatsappUserId.');
  }
  return checked;
}

/** What one registration changes. `before` undefined: a new customer. */
export interface Registered {
  before: Customer | undefined;
  after: Customer;
  changed: boolean;
}

/** The customers that some registrations name. Registrations are applied in memory, one after another. */
export class CustomerBook {
  private readonly byPhone = new Map<string, Customer>();
  private readonly byUserId = new Map<string, Customer>();

  private constructor(private readonly workspaceId: string) {}

  /** Reads every customer that one of these contacts belongs to, and locks them until the transaction ends. */
  static async read(
    sql: Sql,
    workspaceId: string,
    registrations: readonly CheckedRegistration[],
  ): Promise<CustomerBook> {
    const rows = await sql.query<CustomerRow>(
      'customers_by_contact',
      `SELECT ${CUSTOMER_COLUMNS} FROM customers c
       WHERE c.workspace_id = $1 AND (c.phone_number = ANY ($2::text[]) OR c.whatsapp_user_id = ANY ($3::text[]))
       ORDER BY c.id FOR NO KEY UPDATE`,
      [
        workspaceId,
        registrations.flatMap(({ phoneNumber }) => phoneNumber ?? []),
        registrations.flatMap(({ whatsappUserId }) => whatsappUserId ?? []),
      ],
    );
    const book = new CustomerBook(workspaceId);
    for (const row of rows) book.note(toCustomer(row));
    return book;
  }

  /** The customer that a registration names. Throws CONFLICT when its two contacts belong to two customers. */
  find(input: CheckedRegistration): { customer: Customer | undefined } {
    const byPhone = this.byPhone.get(input.phoneNumber ?? '');
    const byUserId = this.byUserId.get(input.whatsappUserId ?? '');
    if (byPhone && byUserId && byPhone.id !== byUserId.id) {
      throw conflict('The phone number and the WhatsApp user id belong to two different customers.');
    }
    return { customer: byUserId ?? byPhone };
  }

  /**
   * Registers a new customer, or updates the one with the same phone number or WhatsApp user id; absent fields keep
   * their stored values. Throws CONFLICT when the two contacts belong to two customers.
   */
  register(input: CheckedRegistration, now: Date): Registered {
    const { customer: before } = this.find(input);
    const after: Customer = {
      workspaceId: this.workspaceId,
      id: before?.id ?? newId(now.getTime()),
      name: input.name,
      phoneNumber: input.phoneNumber ?? before?.phoneNumber ?? null,
      whatsappUserId: input.whatsappUserId ?? before?.whatsappUserId ?? null,
      activeChatbot: input.activeChatbot ?? before?.activeChatbot ?? true,
      createdAt: before?.createdAt ?? now,
    };
    if (before) this.forget(before);
    this.note(after);
    return { before, after, changed: !before || !same(before, after) };
  }

  private note(customer: Customer): void {
    if (customer.phoneNumber !== null) this.byPhone.set(customer.phoneNumber, customer);
    if (customer.whatsappUserId !== null) this.byUserId.set(customer.whatsappUserId, customer);
  }

  private forget({ phoneNumber, whatsappUserId }: Customer): void {
    this.byPhone.delete(phoneNumber ?? '');
    this.byUserId.delete(whatsappUserId ?? '');
  }
}

const same = (a: Customer, b: Customer): boolean =>
  a.name === b.name &&
  a.phoneNumber === b.phoneNumber &&
  a.whatsappUserId === b.whatsappUserId &&
  a.activeChatbot === b.activeChatbot;

/**
 * Inserts or updates customers in their order: a contact that one gives up is free for later ones. Each customer may
 * occur only once.
 */
export async function writeCustomers(
  sql: Sql,
  workspaceId: string,
  customers: readonly Customer[],
  now: Date,
): Promise<void> {
  await sql.query(
    'write_customers',
    `INSERT INTO customers (workspace_id, id, name, phone_number, whatsapp_user_id, active_chatbot, created_at, updated_at)
     SELECT $1, i.id, i.name, i.phone_number, i.whatsapp_user_id, i.active_chatbot, i.created_at, $8
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[]) WITH ORDINALITY
       AS i (id, name, phone_number, whatsapp_user_id, active_chatbot, created_at, n)
     ORDER BY i.n
     ON CONFLICT ON CONSTRAINT customers_pkey DO UPDATE SET name = excluded.name, phone_number = excluded.phone_number,
       whatsapp_user_id = excluded.whatsapp_user_id, active_chatbot = excluded.active_chatbot,
       updated_at = excluded.updated_at`,
    [
      workspaceId,
      customers.map(({ id }) => id),
      customers.map(({ name }) => name),
      customers.map(({ phoneNumber }) => phoneNumber),
      customers.map(({ whatsappUserId }) => whatsappUserId),
      customers.map(({ activeChatbot }) => activeChatbot),
      customers.map(({ createdAt }) => createdAt),
      now,
    ],
  );
}

const ATTEMPTS = 3;

/**
 * Runs `work`, and again when another registration took one of its contacts meanwhile: the next attempt finds the
 * other's customer.
 */
export async function retryRaced<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const raced =
        violates(error, 'customers_phone_number_unique') ||
        violates(error, 'customers_whatsapp_user_id_unique');
      if (!raced || attempt === ATTEMPTS) throw error;
    }
  }
}
