import type { QueryResultRow } from 'pg';
import type { QueryRunner } from 'typeorm';
import { Connection, isConnectionLoss, type Sql } from './sql';
import { connect, type Database } from './transaction';

/**
 * What one request reads from: one connection and one REPEATABLE READ READ ONLY transaction, taken at the first
 * question and given back by end(). All answers of a request so agree with each other to the last micro-unit,
 * and a request never holds two connections.
 */
export class Snapshot implements Sql {
  private opening: Promise<Connection> | undefined;
  private runner: QueryRunner | undefined;
  private ended = false;
  private broken = false;
  private tail: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly database: Database,
    /** Taken before the snapshot is: everything acknowledged before this instant is seen. */
    readonly asOf: Date,
  ) {}

  async query<Row extends QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    if (this.ended) throw new Error(`The statement ${name} came after the end of its request.`);
    this.opening ??= this.open();
    const connection = await this.opening;
    return this.inTurn(() => connection.prepared<Row>(name, text, values));
  }

  /** Gives the connection back. Statements that are still queued are not sent. */
  async end(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    if (!this.opening) return;
    const connection = await this.opening.catch(() => undefined);
    await this.tail.catch(() => undefined);
    if (connection && !this.broken) await connection.query('commit', 'COMMIT').catch(() => undefined);
    await this.runner?.release();
  }

  /** pg queues statements of one connection anyway; doing it here lets end() drop the ones not yet sent. */
  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.tail.then(
      () => (this.ended ? Promise.reject(new Error('The caller is gone.')) : run()),
      () => (this.ended ? Promise.reject(new Error('The caller is gone.')) : run()),
    );
    this.tail = turn.catch((error) => {
      if (isConnectionLoss(error)) this.broken = true;
    });
    return turn;
  }

  private async open(): Promise<Connection> {
    this.runner = await connect(this.database);
    const connection = new Connection(await this.runner.connect(), this.database.observe);
    await connection.query('begin_snapshot', 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return connection;
  }
}
