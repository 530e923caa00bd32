import type { TestDatabase } from './database';
import { until } from './embedded-process';

/** Resolves once this many connections of the database wait for a lock. */
export const untilWaiting = (
  database: Pick<TestDatabase, 'sql'>,
  connections: number,
  orElse: () => boolean = () => false,
): Promise<void> =>
  until(
    async () =>
      orElse() ||
      (
        await database.sql(
          "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
      ).length === connections,
    `${connections} connections to wait for a lock`,
  );
