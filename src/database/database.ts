// How services reach the database.
import type { DataSource } from 'typeorm';
import type { StatementObserver } from './sql';

/** The pool of connections and who watches its statements. Statements go through a Lease (lease.ts). */
export interface Database {
  readonly dataSource: DataSource;
  readonly observe: StatementObserver;
  /** Milliseconds to wait for an answer before the connection counts as lost. 0: no limit. */
  readonly answerWithinMs: number;
  /** The tables are distributed over the nodes of a Citus. */
  readonly isDistributed: boolean;
}
