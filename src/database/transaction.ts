import type { Database } from './database';
import { Lease } from './lease';
import { isSerializationFailure, liftTimeLimit, type SqlConnection } from './sql';

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
    return await transactionOn(lease, () => work(lease));
  } finally {
    await lease.release();
  }
}

/** One transaction on a connection that the caller holds, and keeps. Never retried. */
export async function transactionOn<T>(connection: SqlConnection, work: () => Promise<T>): Promise<T> {
  await connection.query('begin', 'BEGIN');
  try {
    const result = await work();
    await connection.query('commit', 'COMMIT');
    return result;
  } catch (error) {
    if (!connection.isLost) await connection.query('rollback', 'ROLLBACK');
    throw error;
  }
}
