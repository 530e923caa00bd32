// Who wrote, in which workspace, at what price? Asked for the turns whose contact is not remembered.
import type { SqlConnection } from '../../database/sql';
import type { Customer } from '../customers/customers';
import { priceInForce, priceInForceFrom, priceInForceTo } from '../workspaces/pricing';
import type { Workspace } from '../workspaces/workspaces';
import type { Turn } from './turn';

/** All that TypeScript needs to decide about one turn. */
export interface TurnContext {
  workspace: Workspace;
  /** The registered customer: found by WhatsApp user id, else by phone number. */
  customer: Customer | undefined;
  /** The user id and the phone number belong to two customers; the user id decided. */
  identitiesDisagree: boolean;
  /** The price in force when the turn happened, in micro-units. */
  priceMicros: bigint;
}

/** The same as it was read, with what tells whether it still holds. */
export interface FoundContext extends TurnContext {
  /** Which version of the customer's row this is; null without a customer. */
  customerVersion: bigint | null;
  /** The stretch in which this price is in force; null: without a beginning, or without an end. */
  priceFrom: Date | null;
  priceTo: Date | null;
}

interface Row {
  n: bigint;
  workspace_id: string;
  workspace_name: string;
  time_zone: string;
  currency: string;
  settings_version: bigint;
  workspace_created_at: Date;
  archived_at: Date | null;
  price_now: bigint;
  price_micros: bigint;
  price_from: Date | null;
  price_to: Date | null;
  customer_id: string | null;
  customer_version: bigint | null;
  customer_name: string;
  phone_number: string | null;
  whatsapp_user_id: string | null;
  active_chatbot: boolean;
  customer_created_at: Date;
  disagree: boolean;
}

/** SQL: a number that every change of a customer's row changes. */
export const CUSTOMER_VERSION = (customers: string): string => `${customers}.xmin::text::bigint`;

/** How the statement names its workspaces. */
interface Scope {
  /** What a workspace's id must be. */
  isAsked: string;
  /** SQL of the workspace in a condition on any other table. */
  workspaceOf(row: string): string;
}

/** Turns of several workspaces at once. */
const MANY: Scope = { isAsked: '= ANY ($1::text[])', workspaceOf: (row) => row };
/** All turns are of the workspace $6. Named on each table, so that Citus sees that one node has all of them. */
const ONE: Scope = { isAsked: '= $6', workspaceOf: () => '$6' };

const statement = ({ isAsked, workspaceOf }: Scope): string => `
  WITH w AS MATERIALIZED (
    SELECT w.id, w.name, w.time_zone, w.currency, w.settings_version, w.created_at, w.archived_at,
      ${priceInForce(workspaceOf('w.id'), '$5')} AS price_now
    FROM workspaces w WHERE w.id ${isAsked}
  )
  SELECT i.n, w.id AS workspace_id, w.name AS workspace_name, w.time_zone, w.currency, w.settings_version,
    w.created_at AS workspace_created_at, w.archived_at, w.price_now,
    ${priceInForce(workspaceOf('i.workspace_id'), 'i.occurred_at')} AS price_micros,
    ${priceInForceFrom(workspaceOf('i.workspace_id'), 'i.occurred_at')} AS price_from,
    ${priceInForceTo(workspaceOf('i.workspace_id'), 'i.occurred_at')} AS price_to,
    c.id AS customer_id, ${CUSTOMER_VERSION('c')} AS customer_version, c.name AS customer_name, c.phone_number, c.whatsapp_user_id, c.active_chatbot,
    c.created_at AS customer_created_at,
    (by_user.id IS NOT NULL AND by_phone.id IS NOT NULL AND by_user.id <> by_phone.id) AS disagree
  FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) WITH ORDINALITY
    AS i (workspace_id, whatsapp_user_id, phone_number, occurred_at, n)
  JOIN w ON w.id = i.workspace_id
  LEFT JOIN customers by_user
    ON by_user.workspace_id = ${workspaceOf('i.workspace_id')} AND by_user.whatsapp_user_id = i.whatsapp_user_id
  LEFT JOIN customers by_phone
    ON by_phone.workspace_id = ${workspaceOf('i.workspace_id')} AND by_phone.phone_number = i.phone_number
  LEFT JOIN customers c
    ON c.workspace_id = ${workspaceOf('i.workspace_id')} AND c.id = coalesce(by_user.id, by_phone.id)`;

const STATEMENT = { many: statement(MANY), one: statement(ONE) };

/**
 * The context of each turn, in their order; undefined where the workspace does not exist. `workspaceId`: all turns are of
 * this one.
 */
export async function lookUpTurns(
  connection: SqlConnection,
  turns: readonly Turn[],
  now: Date,
  workspaceId?: string,
): Promise<(FoundContext | undefined)[]> {
  const values = [
    turns.map((turn) => turn.workspaceId),
    turns.map((turn) => turn.whatsappUserId),
    turns.map((turn) => turn.phoneNumber),
    turns.map((turn) => turn.occurredAt),
    now,
  ];
  const rows = await (workspaceId === undefined
    ? connection.prepared<Row>('look_up_turns', STATEMENT.many, values)
    : connection.prepared<Row>('look_up_turns', STATEMENT.one, [...values, workspaceId]));
  const contexts = new Array<FoundContext | undefined>(turns.length).fill(undefined);
  const workspaces = new Map<string, Workspace>();
  for (const row of rows) {
    const workspace = workspaces.get(row.workspace_id) ?? toWorkspace(row);
    workspaces.set(row.workspace_id, workspace);
    contexts[Number(row.n) - 1] = {
      workspace,
      customer: toCustomer(row),
      identitiesDisagree: row.disagree,
      priceMicros: row.price_micros,
      priceFrom: row.price_from,
      priceTo: row.price_to,
      customerVersion: row.customer_version,
    };
  }
  return contexts;
}

const toWorkspace = (row: Row): Workspace => ({
  id: row.workspace_id,
  name: row.workspace_name,
  timeZone: row.time_zone,
  currency: row.currency,
  settingsVersion: row.settings_version,
  priceMicros: row.price_now,
  createdAt: row.workspace_created_at,
  archivedAt: row.archived_at,
});

const toCustomer = (row: Row): Customer | undefined =>
  row.customer_id === null
    ? undefined
    : {
        workspaceId: row.workspace_id,
        id: row.customer_id,
        name: row.customer_name,
        phoneNumber: row.phone_number,
        whatsappUserId: row.whatsapp_user_id,
        activeChatbot: row.active_chatbot,
        createdAt: row.customer_created_at,
      };
