// The values of a workspace's dimensions: which there are, and how a new one gets its number.
import type { SqlConnection } from '../../database/sql';
import { transactionOn } from '../../database/transaction';
import { type Dimension, OTHER, VALUES_LIMIT } from '../roll-ups/dimensions';
import { lockRow } from '../workspaces/workspaces';
import type { Turn } from './turn';

/**
 * SQL for the number of a turn's value: null without one. Only right where `isUnknown` is false. Both arguments are SQL
 * expressions.
 */
export const numberOf = (dimension: Dimension, workspaceId: string, value: string): string =>
  `CASE WHEN ${value} IS NOT NULL THEN coalesce(${known(dimension, workspaceId, value)}, ${OTHER})::smallint END`;

/**
 * SQL: the value has no number yet, and there is room for one. A dimension that is full stays full, so that an answer of
 * false never becomes wrong.
 */
export const isUnknown = (dimension: Dimension, workspaceId: string, value: string): string =>
  `(${value} IS NOT NULL AND ${known(dimension, workspaceId, value)} IS NULL
      AND NOT EXISTS (SELECT FROM dimension_values d WHERE d.workspace_id = ${workspaceId}
        AND d.dimension = '${dimension}' AND d.number = ${VALUES_LIMIT}))`;

const known = (dimension: Dimension, workspaceId: string, value: string): string =>
  `(SELECT d.number FROM dimension_values d WHERE d.workspace_id = ${workspaceId}
      AND d.dimension = '${dimension}' AND d.value = ${value})`;

const ADD = `
  WITH taken AS MATERIALIZED (
    SELECT d.dimension, max(d.number) AS last FROM dimension_values d WHERE d.workspace_id = $1 GROUP BY d.dimension
  ), added AS (
    SELECT i.dimension, i.value, row_number() OVER (PARTITION BY i.dimension ORDER BY min(i.n)) AS place
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS i (dimension, value, n)
    WHERE NOT EXISTS (SELECT FROM dimension_values d
      WHERE d.workspace_id = $1 AND d.dimension = i.dimension AND d.value = i.value)
    GROUP BY i.dimension, i.value
  )
  INSERT INTO dimension_values (workspace_id, dimension, number, value)
  SELECT $1, a.dimension, coalesce(t.last, 0) + a.place, a.value
  FROM added a LEFT JOIN taken t ON t.dimension = a.dimension
  WHERE coalesce(t.last, 0) + a.place <= ${VALUES_LIMIT}`;

/**
 * Gives numbers to the values of these turns that have none, as long as there is room: one short transaction a
 * workspace, under the lock of its row. A value is kept even if its turn is not saved in the end.
 */
export async function addValues(connection: SqlConnection, turns: readonly Turn[]): Promise<void> {
  for (const workspaceId of new Set(turns.filter(hasDimension).map((turn) => turn.workspaceId))) {
    const values = turns.filter((turn) => turn.workspaceId === workspaceId).flatMap(valuesOf);
    await transactionOn(connection, async () => {
      await lockRow(connection, workspaceId);
      await connection.query('add_dimension_values', ADD, [
        workspaceId,
        values.map(({ dimension }) => dimension),
        values.map(({ value }) => value),
      ]);
    });
  }
}

/** The numbers of a turn's values; undefined: one of them has none yet, and there is room for it. */
export type NumbersOf = (turn: Turn) => Readonly<Record<Dimension, number | null>> | undefined;

/**
 * What `numberOf` and `isUnknown` say, for turns of one workspace, by a statement of its own: Citus looks no table up for
 * another one that is written.
 */
export async function findNumbers(
  connection: SqlConnection,
  workspaceId: string,
  turns: readonly Turn[],
): Promise<NumbersOf> {
  const asked = turns.flatMap(valuesOf);
  const rows =
    asked.length === 0
      ? []
      : await connection.prepared<{ dimension: Dimension; number: number; value: string }>(
          'dimension_numbers',
          `SELECT d.dimension, d.number, d.value FROM dimension_values d
           WHERE d.workspace_id = $1 AND (d.value = ANY ($2::text[]) OR d.number = ${VALUES_LIMIT})`,
          [workspaceId, asked.map(({ value }) => value)],
        );
  const numbers = new Map(rows.map((row) => [`${row.dimension} ${row.value}`, row.number]));
  const full = new Set(
    rows.filter(({ number }) => number === VALUES_LIMIT).map(({ dimension }) => dimension),
  );
  return (turn) => {
    const found: Record<Dimension, number | null> = { CHANNEL: null, WORKFLOW: null, MODEL: null };
    for (const { dimension, value } of valuesOf(turn)) {
      const number = numbers.get(`${dimension} ${value}`) ?? (full.has(dimension) ? OTHER : undefined);
      if (number === undefined) return undefined;
      found[dimension] = number;
    }
    return found;
  };
}

export const hasDimension = ({ workflow, channel, llm }: Turn): boolean =>
  workflow !== null || channel !== null || llm !== null;

const valuesOf = ({ channel, workflow, llm }: Turn): { dimension: Dimension; value: string }[] => [
  ...(channel === null ? [] : [{ dimension: 'CHANNEL', value: channel } as const]),
  ...(workflow === null ? [] : [{ dimension: 'WORKFLOW', value: workflow } as const]),
  ...(llm === null ? [] : [{ dimension: 'MODEL', value: llm.model } as const]),
];
