// All SQL goes through here. Each statement has a name, which logs, plans and tests use.
import type { PoolClient, QueryResultRow } from 'pg';
import { DatabaseError } from 'pg';
import { AppError } from '../errors';
import { codeOf, isError } from '../values/error-code';
import { within } from './within';

/** SQL: what clocks in UTC show at an instant, a timestamp. The session's zone, on Citus that of the node, plays no part. */
export const utcTimestamp = (instant: string): string =>
  `timestamp '1970-01-01' + (${instant} - timestamptz '1970-01-01 00:00:00+00')`;

/** SQL: an instant as text in UTC, with its microseconds. PostgreSQL reads it back as it was. */
export const instantText = (instant: string): string => `(${utcTimestamp(instant)})::text || 'Z'`;

/** Counts or logs every statement; given by tests and by the metrics. */
export type StatementObserver = (name: string, durationMs: number, failed: boolean, text: string) => void;

/** Whatever runs a statement: a snapshot, a transaction, a lane of the write path. */
export interface Sql {
  query<Row extends QueryResultRow>(name: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * A connection as a Sql. `prepared`: PostgreSQL keeps the statement's plan under its name. This pays off for statements
 * that run all the time.
 */
export class SqlConnection implements Sql {
  private running = 0;
  private lost = false;

  constructor(
    private readonly pgClient: Pick<PoolClient, 'query'>,
    private readonly observe: StatementObserver = () => undefined,
    /** Milliseconds to wait for an answer. 0: no limit. */
    private readonly answerWithinMs = 0,
  ) {}

  /** True when a failed statement left the connection in an unknown state. */
  get isLost(): boolean {
    return this.lost;
  }

  get isBusy(): boolean {
    return this.running > 0;
  }

  query<Row extends QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    return this.run<Row>(name, { text: `/* ${name} */ ${text}`, values: [...values] });
  }

  prepared<Row extends QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> {
    return this.run<Row>(name, {
      name: planName(name, text),
      text: `/* ${name} */ ${text}`,
      values: [...values],
    });
  }

  private async run<Row extends QueryResultRow>(
    name: string,
    statement: { name?: string; text: string; values: unknown[] },
  ): Promise<Row[]> {
    const startedAt = performance.now();
    let failed = true;
    this.running += 1;
    try {
      const { rows } = await this.answered(this.pgClient.query<Row>(statement));
      failed = false;
      return rows;
    } catch (error) {
      if (isConnectionLoss(error)) this.lost = true;
      throw error;
    } finally {
      this.running -= 1;
      this.observe(name, performance.now() - startedAt, failed, statement.text);
    }
  }

  private answered<T>(answer: Promise<T>): Promise<T> {
    if (this.answerWithinMs === 0) return answer;
    return within(
      this.answerWithinMs,
      answer,
      () => new NoAnswer(`The database has not answered for ${this.answerWithinMs} ms.`),
    );
  }
}

/** For long work: PostgreSQL does not end statements of this transaction for their time. */
export const NO_TIME_LIMIT = 'SET LOCAL statement_timeout = 0';

/** The same through a Sql. The caller's transaction has begun. */
export const liftTimeLimit = async (sql: Sql): Promise<void> => {
  await sql.query('no_time_limit', NO_TIME_LIMIT);
};

/** The database was silent for too long: it or the network is gone. The statement may have been executed. */
class NoAnswer extends Error {}

const planNames = new Map<string, string>();

/** Some statements have a few fixed forms (an order, a filter), and PostgreSQL refuses one plan name for two texts. */
function planName(name: string, text: string): string {
  let known = planNames.get(text);
  if (known === undefined) {
    known = `${name}_${planNames.size}`;
    planNames.set(text, known);
  }
  return known;
}

const CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

/** The connection is lost or could not be made: a statement that was sent may or may not be committed. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof NoAnswer) return true;
  const code = codeOf(error);
  if (code !== undefined && (CONNECTION_ERRORS.has(code) || /^(08|57P0)/.test(code))) return true;
  return (
    isError(error) &&
    !(error instanceof DatabaseError) &&
    /connection (terminated|ended|error)|not queryable|connection timeout|timeout (expired|exceeded)|server closed the connection|query read timeout|client was closed|DriverPackage|Connection is not established/i.test(
      error.message,
    )
  );
}

/** PostgreSQL rolled the transaction back; the same transaction may succeed when it is run again. */
export const isSerializationFailure = (error: unknown): boolean => {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
};

/** Somebody else held a lock for longer than lock_timeout. */
export const isLockTimeout = (error: unknown): boolean => codeOf(error) === '55P03';

/** A temporary failure: lost connection, conflict, resources, a time-out. Callers get 503 and may retry. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  return (
    (error instanceof AppError && error.code === 'SERVICE_UNAVAILABLE') ||
    isConnectionLoss(error) ||
    isSerializationFailure(error) ||
    (code !== undefined && (/^53/.test(code) || code === '57014' || isLockTimeout(error)))
  );
}

/**
 * True when `error` is the violation of the constraint of this name. A node of Citus reports it in words alone, with the
 * number of a shard behind the name.
 */
export const violates = (error: unknown, constraint: string): boolean =>
  error instanceof DatabaseError &&
  (error.constraint === undefined
    ? new RegExp(`"${constraint}(_\\d+)?"`).test(error.message)
    : error.constraint === constraint);
