// How one customer is registered and changed.
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { badInput, forbiddenWorkspace } from '../../errors';
import { isUuid } from '../../values/ids';
import type { Clock } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { checkNotArchived, findWorkspace } from '../workspaces/workspaces';
import { type Customer, isErased, lockCustomer } from './customers';
import {
  CustomerBook,
  checkRegistration,
  type Registration,
  retryRaced,
  writeCustomers,
} from './registration';

export type { Registration } from './registration';

export class CustomerService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers a customer, or updates the one with the same phone number or WhatsApp user id; absent fields keep their
   * stored values. Throws BAD_USER_INPUT, or CONFLICT when the two contacts belong to two customers or a new customer's
   * workspace is archived.
   */
  async register(workspaceId: string, input: Registration, actor: Actor): Promise<Customer> {
    const registration = checkRegistration(input);
    return retryRaced(() =>
      inTransaction(this.database, async (sql) => {
        const book = await CustomerBook.read(sql, workspaceId, [registration]);
        const { before, after, changed } = book.register(registration, this.clock());
        if (!before) await this.checkTakesNew(sql, workspaceId);
        if (changed) await this.write(sql, before, after, actor);
        return after;
      }),
    );
  }

  /** Switches the chatbot on or off. Throws BAD_USER_INPUT when there is no such customer. */
  setActive(workspaceId: string, id: string, activeChatbot: boolean, actor: Actor): Promise<Customer> {
    return inTransaction(this.database, async (sql) => {
      // The row is held, since all of it is written again: a change in between would be undone.
      const before = isUuid(id) ? await lockCustomer(sql, workspaceId, id) : undefined;
      if (!before)
        throw badInput(
          `There is no customer ${JSON.stringify(id)} in the workspace ${JSON.stringify(workspaceId)}.`,
        );
      if (isErased(before)) throw badInput(`The customer ${before.id} was erased and can't be changed.`);
      const after = { ...before, activeChatbot };
      await this.write(sql, before, after, actor);
      return after;
    });
  }

  private async checkTakesNew(sql: Sql, workspaceId: string): Promise<void> {
    const workspace = await findWorkspace(sql, workspaceId, this.clock());
    if (!workspace) throw forbiddenWorkspace(workspaceId);
    checkNotArchived(workspace);
  }

  private async write(sql: Sql, before: Customer | undefined, after: Customer, actor: Actor): Promise<void> {
    const now = this.clock();
    await writeCustomers(sql, after.workspaceId, [after], now);
    await recordAudit(sql, {
      at: now,
      actor,
      action: before ? 'customer.updated' : 'customer.registered',
      workspaceId: after.workspaceId,
      subject: after.id,
      before: before ? { activeChatbot: before.activeChatbot } : null,
      after: { changed: changedFields(before, after), activeChatbot: after.activeChatbot },
    });
  }
}

const FIELDS = ['name', 'phoneNumber', 'whatsappUserId', 'activeChatbot'] as const;

/** The trail names the changed fields without a person's values: it must outlive the person's data. */
const changedFields = (before: Customer | undefined, after: Customer): string[] =>
  FIELDS.filter((field) => after[field] !== (before?.[field] ?? null));
