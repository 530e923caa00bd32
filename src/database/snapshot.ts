import type { QueryResultRow } from 'pg';
import { unavailable } from '../errors';
import type { Database } from './database';
import { Lease } from './lease';
import type { Sql } from './sql';

/**
 * What one request reads from: one connection and one REPEATABLE READ READ ONLY transaction, taken at the first
 * question and given back by end(). So all answers of a request agree with each other to the last micro-unit, and a
 * request never holds two connections.
 */
export class Snapshot implements Sql {
  private opening: Promise<Lease> | undefined;
  private ended = false;
  private callerIsGone = false;
  private tail: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly database: Database,
    /** An instant before the snapshot begins: it sees everything that was acknowledged before. */
    readonly asOf: Date,
  ) {}

  async query<Row extends QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    if (this.callerIsGone) throw gone();
    if (this.ended) throw new Error(`The statement ${name} came after the end of its request.`);
    this.opening ??= this.open();
    const lease = await this.opening;
    return this.inTurn(() => lease.prepared<Row>(name, text, values));
  }

  /** Gives the connection back. Statements that are still queued are not sent. */
  async end(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    const lease = await this.opening?.catch(() => undefined);
    if (!lease) return;
    await this.tail.catch(() => undefined);
    if (!lease.isLost && !this.callerIsGone) await lease.query('commit', 'COMMIT').catch(() => undefined);
    await lease.release();
  }

  /** The caller went away: further statements fail, and a running one is ended. */
  async abandon(): Promise<void> {
    if (this.callerIsGone || (this.ended && !this.opening)) return;
    this.callerIsGone = true;
    const lease = await this.opening?.catch(() => undefined);
    if (lease?.isBusy) lease.breakOff();
    await this.end();
  }

  /** pg queues statements of one connection anyway; doing it here lets end() drop the ones not yet sent. */
  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const next = () => (this.ended || this.callerIsGone ? Promise.reject(gone()) : run());
    const turn = this.tail.then(next, next).catch((error: unknown) => {
      throw this.callerIsGone ? gone() : error;
    });
    this.tail = turn.catch(() => undefined);
    return turn;
  }

  private async open(): Promise<Lease> {
    const lease = await Lease.take(this.database);
    try {
      await lease.query('begin_snapshot', 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      return lease;
    } catch (error) {
      await lease.release();
      throw error;
    }
  }
}

const gone = (): Error => unavailable('The caller went away before the answer.');
