// Workspaces: whose usage it is, in which zone and currency.
import type { Sql } from '../../database/sql';
import { type AppError, badInput, conflict, forbiddenWorkspace } from '../../errors';
import { cleanText } from '../../values/text';
import { priceInForce } from './pricing';

export interface Workspace {
  id: string;
  name: string;
  /** IANA zone: days, weeks, months and hours of the day are this zone's. */
  timeZone: string;
  /** ISO 4217; fixed at creation. */
  currency: string;
  /** Grows with every change of zone or price; a batch that decided on an older one decides again. */
  settingsVersion: bigint;
  /** The price of one tracked response that is in force now, in micro-units. */
  priceMicros: bigint;
  createdAt: Date;
  archivedAt: Date | null;
}

export const NAME_LIMIT = 200;

interface Row {
  id: string;
  name: string;
  time_zone: string;
  currency: string;
  settings_version: bigint;
  price_micros: bigint;
  created_at: Date;
  archived_at: Date | null;
}

const COLUMNS = `w.id, w.name, w.time_zone, w.currency, w.settings_version, w.created_at, w.archived_at,
  ${priceInForce('w.id', '$1')} AS price_micros`;

/** These workspaces, by name then id; what doesn't exist is left out. `at` decides the price in force. */
export async function listWorkspaces(sql: Sql, ids: readonly string[], at: Date): Promise<Workspace[]> {
  const rows = await sql.query<Row>(
    'list_workspaces',
    `SELECT ${COLUMNS} FROM workspaces w WHERE w.id = ANY ($2::text[]) ORDER BY w.name COLLATE "C", w.id`,
    [at, ids],
  );
  return rows.map(toWorkspace);
}

export async function findWorkspace(sql: Sql, id: string, at: Date): Promise<Workspace | undefined> {
  return (await listWorkspaces(sql, [id], at))[0];
}

/** For a caller with a token. Throws FORBIDDEN when there is none of this id. */
export async function getCallersWorkspace(sql: Sql, id: string, at: Date): Promise<Workspace> {
  const found = await findWorkspace(sql, id, at);
  if (!found) throw forbiddenWorkspace(id);
  return found;
}

/** For the operator. Throws BAD_USER_INPUT when there is none of this id. */
export async function getWorkspace(sql: Sql, id: string, at: Date): Promise<Workspace> {
  const found = await findWorkspace(sql, id, at);
  if (!found) throw noSuchWorkspace(id);
  return found;
}

/** All workspaces: for the operator's commands only, never behind a token. */
export async function listAllWorkspaces(sql: Sql, at: Date): Promise<Workspace[]> {
  const rows = await sql.query<Row>(
    'list_all_workspaces',
    `SELECT ${COLUMNS} FROM workspaces w ORDER BY w.name COLLATE "C", w.id`,
    [at],
  );
  return rows.map(toWorkspace);
}

/**
 * Reads the workspace and locks its row against saves and other changes until the transaction ends. Throws
 * BAD_USER_INPUT when it does not exist.
 */
export async function lockWorkspace(sql: Sql, id: string, at: Date): Promise<Workspace> {
  await lockRow(sql, id);
  return getWorkspace(sql, id, at);
}

/** The same for a caller with a token. Throws FORBIDDEN when there is none of this id. */
export async function lockCallersWorkspace(sql: Sql, id: string, at: Date): Promise<Workspace> {
  await lockRow(sql, id);
  return getCallersWorkspace(sql, id, at);
}

/** Only the lock, when nothing of the workspace is needed. It ends with the transaction. */
export async function lockRow(sql: Sql, id: string): Promise<void> {
  await sql.query('enter_gate', 'SELECT pg_advisory_xact_lock($1, $2) FROM workspaces w WHERE w.id = $3', [
    GATES,
    gateOf(id),
    id,
  ]);
  await sql.query('lock_workspace', 'SELECT w.id FROM workspaces w WHERE w.id = $1 FOR UPDATE', [id]);
}

/** An arbitrary number that all servers of one database share, as they share `gateOf`. */
export const GATES = 0x63746d03;
/** Few, since PostgreSQL has room for a fixed number of locks: a batch of 1 000 workspaces then needs few. */
const GATE_COUNT = 64;

/**
 * The gate of a workspace, an advisory lock. A save takes it shared before it locks the workspace's row FOR SHARE; a
 * change takes it alone before it locks the row FOR UPDATE. PostgreSQL lets new FOR SHARE locks pass a waiting FOR
 * UPDATE without end, but advisory locks queue. The gate gives fairness only: the row's lock keeps the data right. On Citus it is taken on the
 * node that has the row.
 */
export function gateOf(workspaceId: string): number {
  let hash = 0;
  for (const character of workspaceId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return hash % GATE_COUNT;
}

/**
 * What a charge needs of its workspace. It can't change until the transaction ends: the rows are held FOR SHARE, in one
 * order. One statement each, since Citus locks rows on one node alone.
 */
export async function shareWorkspaces(
  sql: Sql,
  ids: readonly string[],
): Promise<Map<string, { timeZone: string; epoch: number }>> {
  const shared = new Map<string, { timeZone: string; epoch: number }>();
  for (const id of [...new Set(ids)].sort()) {
    const [row] = await sql.query<{ time_zone: string; epoch: number }>(
      'share_workspace',
      'SELECT w.time_zone, w.epoch FROM workspaces w WHERE w.id = $1 FOR SHARE',
      [id],
    );
    if (row) shared.set(id, { timeZone: row.time_zone, epoch: row.epoch });
  }
  return shared;
}

/** For the operator, who may learn which workspaces exist. */
export const noSuchWorkspace = (id: string) =>
  badInput(`There is no workspace ${JSON.stringify(id)}. See: centesimo workspace list`);

/** An archived workspace keeps its records and takes nothing new. */
export const archived = (id: string): AppError =>
  conflict(`The workspace ${JSON.stringify(id)} is archived and takes no more turns or new customers.`);

/** Throws CONFLICT when the workspace is archived. */
export function checkNotArchived({ id, archivedAt }: Workspace): void {
  if (archivedAt) throw archived(id);
}

/** A name of a workspace or a customer: 1 to 200 characters, not only white space. */
export function checkName(text: string): string {
  const name = cleanText(text).trim();
  if (name === '' || name.length > NAME_LIMIT) {
    throw badInput(
      `name must have 1 to ${NAME_LIMIT} characters, not only white space; this one has ${name.length}.`,
    );
  }
  return name;
}

const toWorkspace = (row: Row): Workspace => ({
  id: row.id,
  name: row.name,
  timeZone: row.time_zone,
  currency: row.currency,
  settingsVersion: row.settings_version,
  priceMicros: row.price_micros,
  createdAt: row.created_at,
  archivedAt: row.archived_at,
});
