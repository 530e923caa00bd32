// How a customer is registered and changed.

import type { Database } from '../../database/database';
import { type Sql, violates } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { badInput, conflict, forbiddenWorkspace } from '../../errors';
import { isUuid, newId } from '../../values/ids';
import { parsePhone } from '../../values/phone';
import type { Clock } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { checkUserId } from '../turns/turn';
import { checkName, findWorkspace } from '../workspaces/workspaces';
import {
  CUSTOMER_COLUMNS,
  type Customer,
  type CustomerRow,
  findCustomersById,
  toCustomer,
} from './customers';

export interface Registration {
  name: string;
  phoneNumber?: string | null | undefined;
  whatsappUserId?: string | null | undefined;
  /** Absent or null: unchanged; a new customer starts active. */
  activeChatbot?: boolean | null | undefined;
}

export class CustomerService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers a customer, or updates the one with the same phone number or WhatsApp user id; what is absent keeps
   * what is stored. Throws BAD_USER_INPUT, or CONFLICT when the two identities belong to two customers.
   */
  async register(workspaceId: string, input: Registration, actor: Actor): Promise<Customer> {
    const registration = checkRegistration(input);
    // Two registrations of one new number at the same instant: the loser's second try finds the winner's row.
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await inTransaction(this.database, (sql) =>
          this.upsert(sql, workspaceId, registration, actor),
        );
      } catch (error) {
        const raced =
          violates(error, 'customers_phone_number_unique') ||
          violates(error, 'customers_whatsapp_user_id_unique');
        if (!raced || attempt === 3) throw error;
      }
    }
  }

  /** Switches the chatbot on or off. Throws BAD_USER_INPUT when there is no such customer. */
  setActive(workspaceId: string, id: string, activeChatbot: boolean, actor: Actor): Promise<Customer> {
    return inTransaction(this.database, async (sql) => {
      const before = isUuid(id)
        ? (await findCustomersById(sql, workspaceId, [id])).get(id.toLowerCase())
        : undefined;
      if (!before)
        throw badInput(
          `There is no customer ${JSON.stringify(id)} in the workspace ${JSON.stringify(workspaceId)}.`,
        );
      const after = { ...before, activeChatbot };
      await this.write(sql, before, after, actor);
      return after;
    });
  }

  private async upsert(
    sql: Sql,
    workspaceId: string,
    input: CheckedRegistration,
    actor: Actor,
  ): Promise<Customer> {
    const found = await findByIdentity(sql, workspaceId, input);
    if (found.length > 1) {
      throw conflict(
        'The phone number and the WhatsApp user id belong to two different customers. Nothing was written.',
      );
    }
    const now = this.clock();
    const [before] = found;
    const after: Customer = {
      workspaceId,
      id: before?.id ?? newId(now.getTime()),
      name: input.name,
      phoneNumber: input.phoneNumber ?? before?.phoneNumber ?? null,
      whatsappUserId: input.whatsappUserId ?? before?.whatsappUserId ?? null,
      activeChatbot: input.activeChatbot ?? before?.activeChatbot ?? true,
      createdAt: before?.createdAt ?? now,
    };
    if (before && same(before, after)) return before;
    if (!before) await checkOpen(sql, workspaceId, now);
    await this.write(sql, before, after, actor);
    return after;
  }

  private async write(sql: Sql, before: Customer | undefined, after: Customer, actor: Actor): Promise<void> {
    const now = this.clock();
    await sql.query('upsert_customer', UPSERT, [
      after.workspaceId,
      after.id,
      after.name,
      after.phoneNumber,
      after.whatsappUserId,
      after.activeChatbot,
      after.createdAt,
      now,
    ]);
    await recordAudit(sql, {
      at: now,
      actor,
      action: before ? 'customer.updated' : 'customer.registered',
      workspaceId: after.workspaceId,
      subject: after.id,
      before: before ? auditable(before) : null,
      after: auditable(after),
    });
  }
}

const UPSERT = `
  INSERT INTO customers (workspace_id, id, name, phone_number, whatsapp_user_id, active_chatbot, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT ON CONSTRAINT customers_pkey DO UPDATE SET name = excluded.name, phone_number = excluded.phone_number,
    whatsapp_user_id = excluded.whatsapp_user_id, active_chatbot = excluded.active_chatbot,
    updated_at = excluded.updated_at`;

async function checkOpen(sql: Sql, workspaceId: string, now: Date): Promise<void> {
  const workspace = await findWorkspace(sql, workspaceId, now);
  if (!workspace) throw forbiddenWorkspace(workspaceId);
  if (workspace.archivedAt) throw conflict(`The workspace ${JSON.stringify(workspaceId)} is archived.`);
}

async function findByIdentity(
  sql: Sql,
  workspaceId: string,
  input: CheckedRegistration,
): Promise<Customer[]> {
  const rows = await sql.query<CustomerRow>(
    'customers_by_identity',
    `SELECT ${CUSTOMER_COLUMNS} FROM customers c
     WHERE c.workspace_id = $1 AND (c.phone_number = $2 OR c.whatsapp_user_id = $3)
     ORDER BY c.id FOR NO KEY UPDATE`,
    [workspaceId, input.phoneNumber, input.whatsappUserId],
  );
  return rows.map(toCustomer);
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
    throw badInput('A customer needs a phoneNumber or a whatsappUserId to be known by.');
  }
  return checked;
}

const same = (a: Customer, b: Customer): boolean => JSON.stringify(a) === JSON.stringify(b);

const auditable = (customer: Customer): Record<string, unknown> => ({
  name: customer.name,
  phoneNumber: customer.phoneNumber,
  whatsappUserId: customer.whatsappUserId,
  activeChatbot: customer.activeChatbot,
});
