// May this contact be served now? Asked by a chatbot before it pays for an answer.
import { LRUCache } from 'lru-cache';
import type { Sql } from '../../database/sql';
import { badInput, forbiddenWorkspace } from '../../errors';
import { parsePhone } from '../../values/phone';
import { CUSTOMER_COLUMNS, type Customer, checkUserId, toCustomer } from '../customers/customers';
import type { Standing } from './budget-states';
import { BUDGET_COLUMNS, type BudgetRow, NOTHING, Periods, toBudget, usedOf } from './budgets';
import { customerLevels, hasNoOwn, keyOfAll, type Levels, workspaceLevels } from './levels';

export const SERVE_REASONS = [
  'OK',
  'UNKNOWN_CUSTOMER',
  'INACTIVE_CUSTOMER',
  'BUDGET_REACHED',
  'WORKSPACE_ARCHIVED',
] as const;
export type ServeReason = (typeof SERVE_REASONS)[number];

export interface ServeDecision {
  reason: ServeReason;
  customer: Customer | null;
  /** The budget that says no; if none does, the one closest to its limit. Its state is that for this contact. */
  standing: Standing | null;
  /** When the period of the budget that says no ends. */
  resetsAt: Date | null;
  /** Everything acknowledged before this instant is counted. */
  asOf: Date;
}

export interface Contact {
  phoneNumber?: string | null | undefined;
  whatsappUserId?: string | null | undefined;
}

/** The contact and the workspace with one of the budgets, if there is any. */
interface Row extends Omit<BudgetRow, 'workspace_id'> {
  workspace_id: string | null;
  time_zone: string;
  currency: string;
  archived_at: Date | null;
  found_id: string | null;
  found_name: string;
  phone_number: string | null;
  whatsapp_user_id: string | null;
  active_chatbot: boolean;
  created_at: Date;
}

/**
 * The contact as a save finds it (turns/lookup-turns.ts: by user id, else by phone number), and the budgets that can say
 * no to it.
 */
const LOOK_UP = `
  SELECT w.time_zone, w.currency, w.archived_at, c.id AS found_id, c.name AS found_name, c.phone_number,
    c.whatsapp_user_id, c.active_chatbot, c.created_at, ${BUDGET_COLUMNS}
  FROM workspaces w
  LEFT JOIN LATERAL (
    SELECT ${CUSTOMER_COLUMNS} FROM customers c
    WHERE c.workspace_id = $1 AND (c.whatsapp_user_id = $2 OR c.phone_number = $3)
    ORDER BY c.whatsapp_user_id IS NOT DISTINCT FROM $2::text DESC LIMIT 1
  ) c ON true
  LEFT JOIN budgets b ON b.workspace_id = $1 AND b.enforcement = 'STOP'
    AND (b.subject = 'WORKSPACE' OR b.customer_id = c.id
      OR (b.subject = 'EACH_CUSTOMER' AND ${hasNoOwn('c.id', 'b.measure', 'b.interval')}))
  WHERE w.id = $1 ORDER BY b.name COLLATE "C"`;

/** The age at which a workspace's sums are read again. */
const FRESH_MS = 1_000;
const WORKSPACES_KEPT = 10_000;

interface Sums {
  asOf: Date;
  /** The periods that the sums are for: another day or another budget has other periods. */
  question: string;
  levels: Levels;
}

export class ServeAdvisor {
  private readonly sums = new LRUCache<string, Sums>({ max: WORKSPACES_KEPT });

  /**
   * Decides in this order: WORKSPACE_ARCHIVED, UNKNOWN_CUSTOMER, INACTIVE_CUSTOMER, BUDGET_REACHED, OK. The workspace's
   * sums are at most a second old; the contact's own are current. Throws BAD_USER_INPUT, FORBIDDEN.
   */
  async decide(sql: Sql, workspaceId: string, contact: Contact, now: Date): Promise<ServeDecision> {
    const { phoneNumber, whatsappUserId } = checkContact(contact);
    const rows = await sql.query<Row>('serve_look_up', LOOK_UP, [workspaceId, whatsappUserId, phoneNumber]);
    const [row] = rows;
    if (!row) throw forbiddenWorkspace(workspaceId);
    const customer = customerOf(workspaceId, row);
    const simple = (reason: ServeReason): ServeDecision => ({
      ...{ reason, customer, standing: null, resetsAt: null, asOf: now },
    });
    if (row.archived_at) return simple('WORKSPACE_ARCHIVED');
    if (!customer) return simple('UNKNOWN_CUSTOMER');
    if (!customer.activeChatbot) return simple('INACTIVE_CUSTOMER');
    const stops = rows.flatMap(({ workspace_id, ...one }) =>
      workspace_id === null ? [] : [toBudget({ ...one, workspace_id })],
    );
    if (stops.length === 0) return simple('OK');
    const workspace = { id: workspaceId, timeZone: row.time_zone };
    const all = new Periods(row.time_zone, now);
    const asked = stops.map((budget) => ({ budget, period: all.running(budget.interval) }));
    const periodsFor = (ofWorkspace: boolean) =>
      asked
        .filter(({ budget }) => (budget.subject === 'WORKSPACE') === ofWorkspace)
        .map(({ period }) => period);
    const own = await customerLevels(sql, workspace, periodsFor(false), [customer.id]);
    const shared = await this.sumsOf(sql, workspaceId, periodsFor(true), now);
    const standings = asked.map(({ budget, period }) => {
      const isShared = budget.subject === 'WORKSPACE';
      const level = isShared ? shared.levels.of(period) : own.of(customer.id, period);
      return {
        ...{ budget, period, customerId: isShared ? null : customer.id },
        usedUnits: usedOf(budget.measure, level ?? NOTHING),
      };
    });
    const reached = standings.filter(({ budget, usedUnits }) => usedUnits >= budget.limitUnits);
    // If several say no, takes the one whose period ends last: until then the answer stays no.
    const chosen = reached.length > 0 ? highest(reached, endsLater) : highest(standings, isCloser);
    return {
      reason: reached.length > 0 ? 'BUDGET_REACHED' : 'OK',
      customer,
      standing: chosen ?? null,
      resetsAt: reached.length > 0 && chosen ? chosen.period.to : null,
      asOf: shared.asOf,
    };
  }

  private async sumsOf(
    sql: Sql,
    workspaceId: string,
    periods: readonly Standing['period'][],
    now: Date,
  ): Promise<Pick<Sums, 'asOf' | 'levels'>> {
    if (periods.length === 0) return { asOf: now, levels: { of: () => undefined } };
    const question = keyOfAll(periods);
    const known = this.sums.get(workspaceId);
    const ageMs = known ? now.getTime() - known.asOf.getTime() : Number.NaN;
    if (known?.question === question && ageMs >= 0 && ageMs < FRESH_MS) return known;
    const made = { asOf: now, question, levels: await workspaceLevels(sql, workspaceId, periods) };
    this.sums.set(workspaceId, made);
    return made;
  }
}

function checkContact(contact: Contact): { phoneNumber: string | null; whatsappUserId: string | null } {
  const phoneNumber = contact.phoneNumber ? parsePhone(contact.phoneNumber) : null;
  const whatsappUserId = contact.whatsappUserId ? checkUserId(contact.whatsappUserId) : null;
  if (phoneNumber === null && whatsappUserId === null)
    throw badInput('Give phoneNumber or whatsappUserId: the contact to decide about.');
  return { phoneNumber, whatsappUserId };
}

const customerOf = (workspaceId: string, row: Row): Customer | null =>
  row.found_id === null
    ? null
    : toCustomer({
        ...{ workspace_id: workspaceId, id: row.found_id, name: row.found_name },
        ...{ phone_number: row.phone_number, whatsapp_user_id: row.whatsapp_user_id },
        ...{ active_chatbot: row.active_chatbot, created_at: row.created_at },
      });

const endsLater = (one: Standing, other: Standing): boolean => one.period.to > other.period.to;

/** Compares by the used part of the limit. */
const isCloser = (one: Standing, other: Standing): boolean =>
  one.usedUnits * other.budget.limitUnits > other.usedUnits * one.budget.limitUnits;

/** If several are equal, the first wins. */
const highest = (
  all: readonly Standing[],
  isBefore: (one: Standing, other: Standing) => boolean,
): Standing | undefined =>
  all.reduce<Standing | undefined>(
    (best, one) => (best === undefined || isBefore(one, best) ? one : best),
    undefined,
  );
