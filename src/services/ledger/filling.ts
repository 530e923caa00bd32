// Charges of an older version lack epoch and month.
import type { Sql } from '../../database/sql';
import { countUnfilledOf, FILLING_BATCH, type Filling, mayBeUnfilled } from '../jobs/filler';
import { rollUpKeys } from '../roll-ups/roll-ups';
import { shareWorkspaces } from '../workspaces/workspaces';

/** The epoch of what was charged before there were epochs: nothing had been closed. */
const FIRST_EPOCH = 1;

interface Unfilled {
  workspace_id: string;
  id: string;
  occurred_at: Date;
}

/** How many charges of this workspace are still to be filled; counted to 100 000 at most. */
export const countUnfilled = (sql: Sql, workspaceId: string): Promise<bigint> =>
  countUnfilledOf(sql, chargeFilling, workspaceId);

/**
 * Fills a few charges of a workspace whose row the caller holds. Returns how many it tried; fewer than a batch means
 * that none is left.
 */
export async function fillSome(sql: Sql, workspace: { id: string; timeZone: string }): Promise<number> {
  if (!(await mayBeUnfilled(sql, chargeFilling))) return 0;
  const rows = await sql.query<{ id: string; occurred_at: Date }>(
    'find_unfilled_of_workspace',
    `SELECT c.id, c.occurred_at FROM charges c
     WHERE c.workspace_id = $1 AND c.month IS NULL ORDER BY c.id LIMIT ${FILLING_BATCH}`,
    [workspace.id],
  );
  await fillCharges(sql, workspace, rows);
  return rows.length;
}

/** Fills these charges of a workspace whose row the caller holds. */
export async function fillCharges(
  sql: Sql,
  workspace: { id: string; timeZone: string },
  charges: readonly { id: string; occurred_at: Date }[],
): Promise<void> {
  const rows = charges.map(({ id, occurred_at }) => ({ workspace_id: workspace.id, id, occurred_at }));
  await fill(sql, rows, () => workspace.timeZone);
}

const FIND = `
  SELECT c.workspace_id, c.id, c.occurred_at FROM charges c
  WHERE c.month IS NULL AND (c.workspace_id, c.id) > ($1::text, $2::uuid)
  ORDER BY c.workspace_id, c.id LIMIT ${FILLING_BATCH}`;

/** Skips charges that another server is filling. */
const FILL = `
  WITH taken AS MATERIALIZED (
    SELECT c.workspace_id, c.id, i.month FROM charges c
    JOIN unnest($1::text[], $2::uuid[], $3::date[]) AS i (workspace_id, id, month)
      ON i.workspace_id = c.workspace_id AND i.id = c.id
    WHERE c.month IS NULL ORDER BY c.workspace_id, c.id FOR NO KEY UPDATE OF c SKIP LOCKED
  )
  UPDATE charges c SET epoch = coalesce(c.epoch, ${FIRST_EPOCH}), month = t.month
  FROM taken t WHERE c.workspace_id = t.workspace_id AND c.id = t.id
  RETURNING c.id`;

async function fill(
  sql: Sql,
  rows: readonly Unfilled[],
  zoneOf: (workspaceId: string) => string,
): Promise<number> {
  if (rows.length === 0) return 0;
  const filled = await sql.query('fill_charges', FILL, [
    rows.map((row) => row.workspace_id),
    rows.map((row) => row.id),
    rows.map((row) => rollUpKeys(row.occurred_at, zoneOf(row.workspace_id)).month),
  ]);
  return filled.length;
}

export const chargeFilling: Filling = {
  table: 'charges',
  missing: 'month IS NULL',
  index: 'charges_unfilled',

  async fillFrom(sql, position) {
    const rows = await sql.query<Unfilled>('find_unfilled', FIND, position);
    const last = rows.at(-1);
    if (!last) return undefined;
    // A change of zone waits meanwhile, as for a save.
    const workspaces = await shareWorkspaces(sql, [...new Set(rows.map((row) => row.workspace_id))]);
    const filled = await fill(sql, rows, (id) => {
      const workspace = workspaces.get(id);
      if (!workspace) throw new Error(`The workspace ${id} is gone.`);
      return workspace.timeZone;
    });
    return { filled, position: [last.workspace_id, last.id] };
  },
};
