// Citus, PostgreSQL's own distributed form: is it here, and where does each table lie? docs/scale.md.
import type { ClientBase } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { findTables } from './tables';

/** Any connection. */
type Asked = Pick<DataSource, 'query'> | Pick<QueryRunner, 'query'>;

/**
 * Where a table lies on Citus. `distributed`: its rows lie on the node of their workspace, which is found by a hash of
 * this column. `reference`: every node has all of it. `coordinator`: the coordinator has all of it, and every node
 * reaches it there.
 */
export type Placement =
  | { readonly kind: 'distributed'; readonly by: string }
  | { readonly kind: 'reference' }
  | { readonly kind: 'coordinator' };

/**
 * Tables that don't lie with one workspace. Who calls is asked before a workspace is known, on every node; the audit
 * trail has entries of no workspace.
 */
const PLACED: ReadonlyMap<string, Placement> = new Map<string, Placement>([
  ['workspaces', { kind: 'distributed', by: 'id' }],
  ['tokens', { kind: 'reference' }],
  ['token_workspaces', { kind: 'reference' }],
  ['audit_entries', { kind: 'coordinator' }],
  ['migrations', { kind: 'coordinator' }],
]);

/** Every other table is of one workspace: a new one is distributed without a word here. */
export const placementOf = (table: string): Placement =>
  PLACED.get(table) ?? { kind: 'distributed', by: 'workspace_id' };

/** What Citus can't keep: a row that every node has can't point to one that lies on a single node. */
export const DROPPED_ON_CITUS: readonly { table: string; constraint: string }[] = [
  { table: 'token_workspaces', constraint: 'token_workspaces_workspace_fkey' },
];

/** `plain`: no Citus. `empty`: Citus is installed, and the workspaces are not distributed yet. */
export type CitusState = 'plain' | 'empty' | 'distributed';

export async function findCitusState(asked: Asked): Promise<CitusState> {
  const [installed]: { citus: boolean }[] = await asked.query(
    "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS citus",
  );
  if (!installed?.citus) return 'plain';
  const [found]: { distributed: boolean }[] = await asked.query(
    "SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('workspaces')) AS distributed",
  );
  return found?.distributed ? 'distributed' : 'empty';
}

/** False on a worker. On a node of Citus. */
export async function isCoordinator(asked: Asked): Promise<boolean> {
  const [group]: { coordinator: boolean }[] = await asked.query(
    'SELECT groupid = 0 AS coordinator FROM pg_dist_local_group',
  );
  return group?.coordinator === true;
}

/**
 * What a session needs that changes distributed tables: our triggers guard one row alone, which Citus can't know; and
 * one connection a node at a time, since a foreign key may meet its own table on another connection.
 */
const SESSION = { 'citus.enable_unsafe_triggers': 'on', 'citus.multi_shard_modify_mode': 'sequential' };

export async function prepareSession(runner: QueryRunner): Promise<void> {
  for (const [name, value] of Object.entries(SESSION)) await runner.query(`SET ${name} = ${value}`);
}

export async function endSession(runner: QueryRunner): Promise<void> {
  for (const name of Object.keys(SESSION)) await runner.query(`RESET ${name}`);
}

/** Called before each table that is distributed. */
export type DistributeProgress = (table: string, done: number, of: number) => void;

/** The tables that are not where they belong, those that others refer to first. */
export async function findUndistributed(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_dist_partition d JOIN pg_class c ON c.oid = d.logicalrelid
     WHERE c.relnamespace = 'public'::regnamespace`,
  );
  const known = new Set(rows.map(({ name }) => name));
  const { names } = await findTables(client);
  return [...names, 'migrations'].filter((name) => !known.has(name));
}

/**
 * Distributes every table that is not yet, with the rows that it has. All of it or nothing: one transaction, which holds
 * each table against saves until it ends. Tables that are distributed stay as they are. On the coordinator, after
 * `prepareSession`.
 */
export async function distribute(
  client: ClientBase,
  progress: DistributeProgress = () => undefined,
): Promise<string[]> {
  const tables = await findUndistributed(client);
  if (tables.length === 0) return [];
  await client.query('BEGIN');
  try {
    for (const { table, constraint } of DROPPED_ON_CITUS)
      if (tables.includes(table))
        await client.query(`ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${constraint}`);
    for (const [index, table] of tables.entries()) {
      progress(table, index, tables.length);
      await client.query(placing(table));
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
  return tables;
}

/** `table` is a name of the catalogue. */
function placing(table: string): string {
  const placement = placementOf(table);
  switch (placement.kind) {
    case 'distributed':
      return `SELECT create_distributed_table('${table}', '${placement.by}',
        colocate_with => '${table === 'workspaces' ? 'none' : 'workspaces'}')`;
    case 'reference':
      return `SELECT create_reference_table('${table}')`;
    case 'coordinator':
      return `SELECT citus_add_local_table_to_metadata('${table}')`;
  }
}

/** What `distribute` finds on this node: all tables with their indexes. What is distributed already counts nothing. */
export async function findSizes(asked: Asked): Promise<{ tables: number; bytes: bigint }> {
  const [found]: { tables: bigint; bytes: bigint }[] = await asked.query(
    `SELECT count(*) AS tables, coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')`,
  );
  return { tables: Number(found?.tables ?? 0n), bytes: BigInt(found?.bytes ?? 0n) };
}

/** The node of a workspace's rows. */
export interface Place {
  workspaceId: string;
  host: string;
  port: number;
}

/** Where each workspace lies, by its id. On any node of a Citus whose tables are distributed. */
export async function findPlaces(asked: Asked): Promise<Place[]> {
  const ids: { id: string }[] = await asked.query('SELECT w.id FROM workspaces w ORDER BY w.id');
  const rows: { id: string; host: string; port: number }[] = await asked.query(
    `SELECT i.id, n.nodename AS host, n.nodeport AS port FROM unnest($1::text[]) AS i (id)
     JOIN pg_dist_placement p ON p.shardid = get_shard_id_for_distribution_column('workspaces', i.id)
     JOIN pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary'
     ORDER BY i.id`,
    [ids.map(({ id }) => id)],
  );
  return rows.map(({ id, ...node }) => ({ workspaceId: id, ...node }));
}
