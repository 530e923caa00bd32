import type { Database } from './database';
import { Lease } from './lease';
import { isSerializationFailure, type Sql } from './sql';

const ATTEMPTS = 5;

/**
 * Runs `work` in one READ COMMITTED transaction and answers after its COMMIT. The retry goes around the whole
 * transaction, on serialization failures and deadlocks only: after a lost connection nobody knows whether it
 * was committed, and only the caller knows whether it may be repeated.
 */
export async function inTransaction<T>(database: Database, work: (sql: Sql) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(database, work);
    } catch (error) {
      if (attempt >= ATTEMPTS || !isSerializationFailure(error)) throw error;
    }
  }
}

async function runOnce<T>(database: Database, work: (sql: Sql) => Promise<T>): Promise<T> {
  const lease = await Lease.take(database);
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
