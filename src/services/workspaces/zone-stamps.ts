// Which zone data were a workspace's local days cut by? When Node's data changes a zone's past, stored days keep their
// old bounds. The start notices this and logs it; a rebuild cuts the days anew.
import type { Logger } from 'pino';
import type { Database } from '../../database/database';
import type { Sql } from '../../database/sql';
import { inTransaction } from '../../database/transaction';
import { type Clock, zoneHistory } from '../../values/time';

/** The version of Node's own zone data, such as 2025c. */
export const TZDATA = process.versions.tz ?? 'unknown';

/** Future rules are stored too, so that days which will be cut by them can be compared. */
const NOTED_UNTIL = new Date('2050-01-01T00:00:00Z');
/** Workspaces that are named in the log, one line each; the rest are counted. */
const NAMED = 20;

const historyOf = (timeZone: string): string[] => zoneHistory(timeZone, NOTED_UNTIL);

/** Stores that this workspace's days are cut by this zone and the present zone data. */
export async function stampZones(
  sql: Sql,
  workspaces: readonly { id: string; timeZone: string }[],
): Promise<void> {
  for (const { id, timeZone } of workspaces) {
    await sql.query(
      'stamp_zone',
      `INSERT INTO zone_stamps (workspace_id, time_zone, tzdata, history) VALUES ($1, $2, $3, $4)
       ON CONFLICT ON CONSTRAINT zone_stamps_pkey
       DO UPDATE SET time_zone = excluded.time_zone, tzdata = excluded.tzdata, history = excluded.history`,
      [id, timeZone, TZDATA, historyOf(timeZone)],
    );
  }
}

interface Row {
  id: string;
  time_zone: string;
  tzdata: string | null;
  history: string[] | null;
}

const UNLIKE = `
  SELECT w.id, w.time_zone, s.tzdata, s.history
  FROM workspaces w
  LEFT JOIN zone_stamps s ON s.workspace_id = w.id AND s.time_zone = w.time_zone
  WHERE s.tzdata IS DISTINCT FROM $1
  ORDER BY w.id`;

export class ZoneWatch {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * Compares the zone data that each workspace's days were cut by with the present data. Logs the workspaces whose past
   * differs. Where it is the same, or nothing was stored yet, stores the present data.
   */
  async look(): Promise<void> {
    const now = this.clock();
    await inTransaction(this.database, async (sql) => {
      const rows = await sql.query<Row>('zones_unlike', UNLIKE, [TZDATA]);
      const moved = rows.flatMap((row) => {
        const since = row.history ? differsFrom(row.history, historyOf(row.time_zone)) : undefined;
        return since !== undefined && since < now ? [{ ...row, since }] : [];
      });
      const told = new Set(moved.map(({ id }) => id));
      const same = rows.filter(({ id }) => !told.has(id));
      await stampZones(
        sql,
        same.map((row) => ({ id: row.id, timeZone: row.time_zone })),
      );
      this.tell(moved);
    });
  }

  private tell(moved: readonly (Row & { since: Date })[]): void {
    for (const row of moved.slice(0, NAMED))
      this.logger.warn(
        {
          ...{ workspaceId: row.id, timeZone: row.time_zone, since: row.since },
          ...{ cutBy: row.tzdata, present: TZDATA },
        },
        `this workspace's days were computed with zone data that differ from this server's. When all servers have the same Node, run: centesimo rebuild --workspace ${row.id}`,
      );
    if (moved.length > NAMED)
      this.logger.warn(
        { workspaces: moved.length },
        "these workspaces' days were computed with zone data that differ from this server's: run centesimo rebuild",
      );
  }
}

/** The instant at which two histories of a zone begin to differ; undefined: one continues the other. */
function differsFrom(noted: readonly string[], present: readonly string[]): Date | undefined {
  const shared = Math.min(noted.length, present.length);
  const index = noted.slice(0, shared).findIndex((entry, at) => entry !== present[at]);
  const entries =
    index === -1 ? [(noted.length > shared ? noted : present)[shared]] : [noted[index], present[index]];
  const instants = entries.flatMap((entry) =>
    entry === undefined ? [] : [Date.parse(entry.split(' ')[0] ?? '')],
  );
  return instants.length === 0 ? undefined : new Date(Math.min(...instants));
}
