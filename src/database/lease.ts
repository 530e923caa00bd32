// A connection that the pool lends. It is returned to the pool, or closed instead when its state is unknown.
import type { PoolClient } from 'pg';
import type { QueryRunner } from 'typeorm';
import { unavailable } from '../errors';
import type { Database } from './database';
import { isTransient, SqlConnection } from './sql';

export class Lease extends SqlConnection {
  private constructor(
    private readonly runner: QueryRunner,
    /** For work that is more than one statement, such as COPY. No observer sees it and no time-out ends it. */
    readonly client: PoolClient,
    database: Database,
    answerWithinMs: number,
  ) {
    super(client, database.observe, answerWithinMs);
  }

  /**
   * Throws SERVICE_UNAVAILABLE when no connection is available. The caller must release it. `answerWithinMs` 0: its
   * statements have no time-out.
   */
  static async take(database: Database, answerWithinMs = database.answerWithinMs): Promise<Lease> {
    const runner = database.dataSource.createQueryRunner();
    try {
      const client: PoolClient = await runner.connect();
      return new Lease(runner, client, database, answerWithinMs);
    } catch (error) {
      await runner.release();
      if (isTransient(error)) throw unavailable("The database can't be reached. Try again shortly.", error);
      throw error;
    }
  }

  /**
   * Returns the connection to the pool. A connection that is lost or still runs a statement is closed instead;
   * PostgreSQL then ends the statement.
   */
  async release(): Promise<void> {
    if (this.isLost || this.isBusy) this.breakOff();
    else await this.runner.release();
  }

  /** Closes the connection, whatever it is doing. PostgreSQL notices that its caller is gone (data-source.ts). */
  breakOff(): void {
    // An error event makes TypeORM's pool close the connection and never lend it again.
    if (!this.runner.isReleased) this.client.emit('error', new Error('This connection is given up.'));
  }
}
