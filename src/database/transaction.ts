import type { Database } from './database';
import { Lease } from './lease';
import { isSerializationFailure, liftTimeLimit } from './sql';

const ATTEMPTS = 5;

/**
 * Runs `work` in one READ COMMITTED transaction and answers after its COMMIT. The retry goes around the whole
 * transaction, on serialization failures and deadlocks only: after a lost connection nobody knows whether it
 * was committed, and only the caller knows whether it may be repeated.
 */
export const inTransaction = <T>(database: Database, work: (lease: Lease) => Promise<T>): Promise<T> =>
  withRetries(() => runOnce(database, work, database.answerWithinMs));

/** The same without a time limit: neither PostgreSQL nor this process ends a statement that takes long. */
export const inLongTransaction = <T>(database: Database, work: (lease: Lease) => Promise<T>): Promise<T> =>
  withRetries(() =>
    runOnce(
      database,
      async (lease) => {
        await liftTimeLimit(lease);
        return work(lease);
      },
      0,
    ),
  );

async function withRetries<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= ATTEMPTS || !isSerializationFailure(error)) throw error;
    }
  }
}

async function runOnce<T>(
  database: Database,
  work: (lease: Lease) => Promise<T>,
  answerWithinMs: number,
): Promise<T> {
  const lease = await Lease.take(database, answerWithinMs);
  try {
    await lease.query('begin', 'BEGIN');
    try {
      const result = await work(lease);
      await lease.query('commit', 'COMMIT');
      return result;
    } catch (error) {
      if (!lease.isLost) await lease.query('rollback', 'ROLLBACK');
      throw error;
    }
  } finally {
    await lease.release();
  }
}
