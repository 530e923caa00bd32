import type { DataSource, QueryRunner } from 'typeorm';
import { unavailable } from '../errors';
import {
  Connection,
  isConnectionLoss,
  isSerializationFailure,
  isTransient,
  type Sql,
  type StatementObserver,
} from './sql';

const ATTEMPTS = 5;

/** The DataSource and who watches its statements; what services are given to reach the database. */
export interface Database {
  readonly dataSource: DataSource;
  readonly observe: StatementObserver;
}

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
  const runner = await connect(database);
  let fatal = false;
  try {
    const sql = new Connection(await runner.connect(), database.observe);
    await sql.query('begin', 'BEGIN');
    try {
      const result = await work(sql);
      await sql.query('commit', 'COMMIT');
      return result;
    } catch (error) {
      fatal = isConnectionLoss(error);
      if (!fatal) await sql.query('rollback', 'ROLLBACK');
      throw error;
    }
  } finally {
    await runner.release();
  }
}

/** A connection of the pool; 503 when none can be had. The caller releases it. */
export async function connect(database: Database): Promise<QueryRunner> {
  const runner = database.dataSource.createQueryRunner();
  try {
    await runner.connect();
    return runner;
  } catch (error) {
    await runner.release();
    if (isTransient(error)) throw unavailable("The database can't be reached. Try again shortly.", error);
    throw error;
  }
}
