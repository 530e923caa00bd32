// Many customers at once: each row is registered in memory by the rule of a single one, then all are written in a few
// set-based statements.
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { AppError } from '../../errors';
import type { Clock } from '../../values/time';
import { type Actor, recordAudit } from '../audit';
import { checkNotArchived, lockWorkspace } from '../workspaces/workspaces';
import type { Customer } from './customers';
import {
  type CheckedRegistration,
  CustomerBook,
  checkRegistration,
  type Registration,
  retryRaced,
  writeCustomers,
} from './registration';

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

export interface ImportOptions {
  /** Rows that the reader of the file could not understand. */
  misread?: readonly BadRow[];
  /** Imports the good rows even if there are bad ones. */
  skipBad: boolean;
  actor: Actor;
  progress: (done: number, of: number) => void;
}

interface Checked {
  line: number;
  row: CheckedRegistration;
}

interface Plan {
  created: Customer[];
  updated: Customer[];
  /** All that is written, in the order of the file. */
  written: Customer[];
  unchanged: number;
  bad: BadRow[];
}

const CHUNK = 5_000;

export class CustomerImporter {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers every row's customer as single registrations would, one after another in the order of the file. A row is
   * bad when it names a customer that an earlier row named: the file doesn't say which one is right. With a bad row
   * nothing is written, unless `skipBad`. All rows are written in one transaction. Throws CONFLICT for new customers of
   * an archived workspace.
   */
  async import(
    workspaceId: string,
    rows: readonly ImportRow[],
    options: ImportOptions,
  ): Promise<ImportResult> {
    const misformed: BadRow[] = [...(options.misread ?? [])];
    const checked = check(rows, misformed);
    return retryRaced(() =>
      inTransaction(this.database, async (sql) => {
        const now = this.clock();
        const workspace = await lockWorkspace(sql, workspaceId, now);
        const plan = await planOf(sql, workspaceId, checked, now);
        const bad = [...misformed, ...plan.bad].sort((a, b) => a.line - b.line);
        if (bad.length > 0 && !options.skipBad)
          return { created: 0, updated: 0, unchanged: 0, bad, imported: false };
        if (plan.created.length > 0) checkNotArchived(workspace);
        await this.write(sql, workspaceId, plan, options);
        const [created, updated] = [plan.created.length, plan.updated.length];
        return { created, updated, unchanged: plan.unchanged, bad, imported: true };
      }),
    );
  }

  private async write(
    sql: Sql,
    workspaceId: string,
    { written, created, updated }: Plan,
    { actor, progress }: ImportOptions,
  ): Promise<void> {
    const now = this.clock();
    for (let start = 0; start < written.length; start += CHUNK) {
      await writeCustomers(sql, workspaceId, written.slice(start, start + CHUNK), now);
      progress(Math.min(start + CHUNK, written.length), written.length);
    }
    await recordAudit(sql, {
      at: now,
      actor,
      action: 'customers.imported',
      workspaceId,
      subject: workspaceId,
      before: null,
      after: { created: created.length, updated: updated.length },
    });
  }
}

function check(rows: readonly ImportRow[], bad: BadRow[]): Checked[] {
  return rows.flatMap(({ line, registration }) => {
    const row = attempt(line, bad, () => checkRegistration(registration));
    return row ? [{ line, row }] : [];
  });
}

async function planOf(sql: Sql, workspaceId: string, rows: readonly Checked[], now: Date): Promise<Plan> {
  const book = await CustomerBook.read(
    sql,
    workspaceId,
    rows.map(({ row }) => row),
  );
  const plan: Plan = { created: [], updated: [], written: [], unchanged: 0, bad: [] };
  const lineOf = new Map<string, number>();
  for (const { line, row } of rows) {
    const found = attempt(line, plan.bad, () => book.find(row));
    if (!found) continue;
    const earlier = found.customer && lineOf.get(found.customer.id);
    if (earlier !== undefined) {
      plan.bad.push({ line, why: `The same contact is in line ${earlier}.` });
      continue;
    }
    const { before, after, changed } = book.register(row, now);
    lineOf.set(after.id, line);
    if (!changed) plan.unchanged += 1;
    else (before ? plan.updated : plan.created).push(after);
    if (changed) plan.written.push(after);
  }
  return plan;
}

/** The row's result; undefined when the row is refused, which is recorded. */
function attempt<T>(line: number, bad: BadRow[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    bad.push({ line, why: error.message });
    return undefined;
  }
}
