// Many customers at once: checked in the process, written in a few set-based statements.

import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { AppError } from '../../errors';
import { newId } from '../../values/ids';
import type { Clock } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { lockWorkspace } from '../workspaces/workspaces';
import { type CheckedRegistration, checkRegistration, type Registration } from './customer-service';

/** A row of the file with the number that a person finds it by. */
export interface ImportRow {
  line: number;
  registration: Registration;
}

export interface BadRow {
  line: number;
  why: string;
}

export interface ImportResult {
  created: number;
  updated: number;
  unchanged: number;
  bad: BadRow[];
  /** False: there were bad rows, and nothing was written. */
  imported: boolean;
}

interface Existing {
  id: string;
  name: string;
  phone_number: string | null;
  whatsapp_user_id: string | null;
  active_chatbot: boolean;
}

interface Planned {
  id: string;
  name: string;
  phoneNumber: string | null;
  whatsappUserId: string | null;
  activeChatbot: boolean;
}

interface Checked {
  line: number;
  row: CheckedRegistration;
}

const CHUNK = 5_000;

export class CustomerImporter {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers or updates every row's customer, as a single registration would. With a bad row nothing is written,
   * unless `skipBad`. All rows are written in one transaction.
   */
  async import(
    workspaceId: string,
    rows: readonly ImportRow[],
    options: { skipBad: boolean; actor: Actor; progress: (done: number, of: number) => void },
  ): Promise<ImportResult> {
    const bad: BadRow[] = [];
    const good = rejectRepeats(check(rows, bad), bad);
    return inTransaction(this.database, async (sql) => {
      const result: ImportResult = { created: 0, updated: 0, unchanged: 0, bad: [...bad], imported: false };
      await lockWorkspace(sql, workspaceId, this.clock());
      const planned = await plan(sql, workspaceId, good, this.clock, result);
      result.bad.sort((a, b) => a.line - b.line);
      if (result.bad.length > 0 && !options.skipBad)
        return { ...result, created: 0, updated: 0, unchanged: 0 };
      for (let start = 0; start < planned.length; start += CHUNK) {
        await write(sql, workspaceId, planned.slice(start, start + CHUNK), this.clock());
        options.progress(Math.min(start + CHUNK, planned.length), planned.length);
      }
      const { created, updated } = result;
      await recordAudit(sql, {
        at: this.clock(),
        actor: options.actor,
        action: 'customers.imported',
        workspaceId,
        subject: workspaceId,
        before: null,
        after: { created, updated },
      });
      return { ...result, imported: true };
    });
  }
}

function check(rows: readonly ImportRow[], bad: BadRow[]): Checked[] {
  return rows.flatMap(({ line, registration }) => {
    try {
      return [{ line, row: checkRegistration(registration) }];
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      bad.push({ line, why: error.message });
      return [];
    }
  });
}

/** A file that names one contact twice doesn't say which row is right. */
function rejectRepeats(rows: readonly Checked[], bad: BadRow[]): Checked[] {
  const lines = new Map<string, number>();
  return rows.filter(({ line, row }) => {
    const keys = [row.phoneNumber, row.whatsappUserId].filter((key) => key !== null);
    const first = keys.map((key) => lines.get(key)).find((found) => found !== undefined);
    for (const key of keys) if (!lines.has(key)) lines.set(key, line);
    if (first !== undefined) bad.push({ line, why: `The same contact is in line ${first}.` });
    return first === undefined;
  });
}

async function plan(
  sql: Sql,
  workspaceId: string,
  rows: readonly Checked[],
  clock: Clock,
  result: ImportResult,
): Promise<Planned[]> {
  const byPhone = new Map<string, Existing>();
  const byUserId = new Map<string, Existing>();
  for (const existing of await findExisting(sql, workspaceId, rows)) {
    if (existing.phone_number) byPhone.set(existing.phone_number, existing);
    if (existing.whatsapp_user_id) byUserId.set(existing.whatsapp_user_id, existing);
  }
  return rows.flatMap(({ line, row }) => {
    const phone = byPhone.get(row.phoneNumber ?? '');
    const user = byUserId.get(row.whatsappUserId ?? '');
    if (phone && user && phone.id !== user.id) {
      result.bad.push({
        line,
        why: 'The phone number and the WhatsApp user id belong to two different customers.',
      });
      return [];
    }
    const before = user ?? phone;
    const after = merge(before, row, clock);
    if (before && unchanged(before, after)) {
      result.unchanged += 1;
      return [];
    }
    if (before) result.updated += 1;
    else result.created += 1;
    return [after];
  });
}

const merge = (before: Existing | undefined, row: CheckedRegistration, clock: Clock): Planned => ({
  id: before?.id ?? newId(clock().getTime()),
  name: row.name,
  phoneNumber: row.phoneNumber ?? before?.phone_number ?? null,
  whatsappUserId: row.whatsappUserId ?? before?.whatsapp_user_id ?? null,
  activeChatbot: row.activeChatbot ?? before?.active_chatbot ?? true,
});

const unchanged = (before: Existing, after: Planned): boolean =>
  before.name === after.name &&
  before.phone_number === after.phoneNumber &&
  before.whatsapp_user_id === after.whatsappUserId &&
  before.active_chatbot === after.activeChatbot;

async function findExisting(sql: Sql, workspaceId: string, rows: readonly Checked[]): Promise<Existing[]> {
  const found = await sql.query<Existing>(
    'import_existing',
    `SELECT c.id, c.name, c.phone_number, c.whatsapp_user_id, c.active_chatbot FROM customers c
     WHERE c.workspace_id = $1 AND c.phone_number = ANY ($2::text[])
     UNION
     SELECT c.id, c.name, c.phone_number, c.whatsapp_user_id, c.active_chatbot FROM customers c
     WHERE c.workspace_id = $1 AND c.whatsapp_user_id = ANY ($3::text[])`,
    [
      workspaceId,
      rows.flatMap(({ row }) => row.phoneNumber ?? []),
      rows.flatMap(({ row }) => row.whatsappUserId ?? []),
    ],
  );
  return found;
}

async function write(sql: Sql, workspaceId: string, customers: readonly Planned[], now: Date): Promise<void> {
  await sql.query(
    'import_customers',
    `INSERT INTO customers (workspace_id, id, name, phone_number, whatsapp_user_id, active_chatbot, created_at, updated_at)
     SELECT $1, i.id, i.name, i.phone_number, i.whatsapp_user_id, i.active_chatbot, $7, $7
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[])
       AS i (id, name, phone_number, whatsapp_user_id, active_chatbot)
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
      now,
    ],
  );
}
