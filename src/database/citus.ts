// Citus distributes PostgreSQL over several nodes. Is it here, and where is each table stored? docs/scale.md.
import type { ClientBase } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { findTables } from './tables';

/** Any connection. */
type Asked = Pick<DataSource, 'query'> | Pick<QueryRunner, 'query'>;

/**
 * Where a table is stored on Citus. `distributed`: its rows are on the node of their workspace, which a hash of this
 * column selects. `reference`: every node has the whole table. `coordinator`: only the coordinator has it, and every
 * node reads it there.
 */
export type Placement =
  | { readonly kind: 'distributed'; readonly by: string }
  | { readonly kind: 'reference' }
  | { readonly kind: 'coordinator' };

/**
 * Tables that are not stored with one workspace. Tokens are read on every node before the workspace is known; the audit
 * trail has entries without a workspace.
 */
const PLACED: ReadonlyMap<string, Placement> = new Map<string, Placement>([
  ['workspaces', { kind: 'distributed', by: 'id' }],
  ['tokens', { kind: 'reference' }],
  ['token_workspaces', { kind: 'reference' }],
  ['audit_entries', { kind: 'coordinator' }],
  ['migrations', { kind: 'coordinator' }],
]);

/** Every other table belongs to workspaces, so a new table is distributed without being listed here. */
export const placementOf = (table: string): Placement =>
  PLACED.get(table) ?? { kind: 'distributed', by: 'workspace_id' };

/** Citus can't keep these: a row that every node has can't refer to a row on a single node. */
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

/** Asked on a node of Citus; false on a worker. */
export async function isCoordinator(asked: Asked): Promise<boolean> {
  const [group]: { coordinator: boolean }[] = await asked.query(
    'SELECT groupid = 0 AS coordinator FROM pg_dist_local_group',
  );
  return group?.coordinator === true;
}

/**
 * Settings of a session that changes distributed tables. Our triggers guard a single row, which Citus can't know. And
 * it uses one connection per node, since a foreign key may refer to its own table on another connection.
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

/** The tables that are not where they belong; tables that others refer to come first. */
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
 * Distributes every table that is not distributed yet, with its rows: all tables or none, in one transaction that locks
 * each table against saves until it ends. Runs on the coordinator, after `prepareSession`.
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

/**
 * The size of what `distribute` finds on this node: all tables with their indexes. Distributed tables count nothing.
 */
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

/** The place of each workspace, by its id. Works on any node of a Citus whose tables are distributed. */
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
