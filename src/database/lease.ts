// A connection that the pool lends: given back whole, or broken off when nobody knows what it is in the middle of.
import type { PoolClient } from 'pg';
import type { QueryRunner } from 'typeorm';
import { unavailable } from '../errors';
import type { Database } from './database';
import { isTransient, SqlConnection } from './sql';

export class Lease extends SqlConnection {
  private constructor(
    private readonly runner: QueryRunner,
    /** For what is no single statement, such as COPY. Nobody watches what is asked there. */
    readonly client: PoolClient,
    database: Database,
    answerWithinMs: number,
  ) {
    super(client, database.observe, answerWithinMs);
  }

  /**
   * Throws SERVICE_UNAVAILABLE when no connection can be had. Whoever takes one releases it. `answerWithinMs` 0: its
   * statements are waited for without end.
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

  /** Back to the pool; closed instead when it is lost, or when a statement still runs, which ends soon after. */
  async release(): Promise<void> {
    if (this.isLost || this.isBusy) this.breakOff();
    else await this.runner.release();
  }

  /** Closes it, whatever it is doing: PostgreSQL looks for callers who are gone (data-source.ts). */
  breakOff(): void {
    // What TypeORM does when a connection reports an error: the pool closes it and never lends it again.
    if (!this.runner.isReleased) this.client.emit('error', new Error('This connection is given up.'));
  }
}
