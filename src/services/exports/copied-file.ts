// A file that PostgreSQL writes by COPY: streamed from one snapshot with constant memory.
import { pipeline, type Readable } from 'node:stream';
import type { PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Database } from '../../database/database';
import { Lease } from '../../database/lease';
import { NO_TIME_LIMIT } from '../../database/sql';
import { AppError, unavailable } from '../../errors';
import { CopiedRows, type FileForm } from './copy-text';

export interface CopyPlan<Found> {
  copy: string;
  form: FileForm;
  /** What else was read while the file was planned. */
  found: Found;
}

export interface CopiedFile<Found> {
  found: Found;
  /**
   * Bytes of UTF-8. Fails when the database does; the file is then not whole. It holds a connection: read it to its
   * end, or destroy it, which ends the query.
   */
  file: Readable;
}

/** Each export holds a connection for as long as its caller reads. The rest of the pool is for everybody else. */
const EXPORTS_AT_ONCE = 4;
const PUT_OFF_SECONDS = 10;
const underWay = new WeakMap<Database['dataSource'], Place[]>();

/** A running export and who reads it. */
interface Place {
  readonly reader: string | undefined;
}

/**
 * Takes one of the places and returns the function that gives it back. Throws SERVICE_UNAVAILABLE or RATE_LIMITED when
 * no place is free.
 */
function takePlace(database: Database, reader: string | undefined): () => void {
  const places = underWay.get(database.dataSource) ?? [];
  underWay.set(database.dataSource, places);
  if (reader !== undefined && places.some((place) => place.reader === reader)) {
    throw new AppError(
      'RATE_LIMITED',
      'This token is reading another export, and may read one at a time. Wait until it ends, or stop it.',
      PUT_OFF_SECONDS,
    );
  }
  if (places.length >= EXPORTS_AT_ONCE) {
    throw unavailable(
      `${places.length} exports are running, and no more may run at once. Try again later.`,
      undefined,
      PUT_OFF_SECONDS,
    );
  }
  const place: Place = { reader };
  places.push(place);
  return () => void places.splice(places.indexOf(place), 1);
}

export interface CopyOptions {
  /** The id of the token that reads: it may have one export at a time. Absent for the operator's command. */
  reader?: string | undefined;
  /** Aborted when the caller goes away before the file begins. */
  signal?: AbortSignal | undefined;
}

/**
 * Plans the file in the snapshot that its rows are read from, and opens it. Throws SERVICE_UNAVAILABLE when no
 * connection is available, too many exports are running or the caller has gone, and RATE_LIMITED when the reader
 * already has a running export.
 */
export async function copyToFile<Found>(
  database: Database,
  plan: (client: PoolClient) => Promise<CopyPlan<Found>>,
  { reader, signal }: CopyOptions = {},
): Promise<CopiedFile<Found>> {
  const done = takePlace(database, reader);
  try {
    return await openFile(await Lease.take(database), plan, { done, signal });
  } catch (error) {
    done();
    throw error;
  }
}

async function openFile<Found>(
  lease: Lease,
  plan: (client: PoolClient) => Promise<CopyPlan<Found>>,
  { done, signal }: { done: () => void; signal: AbortSignal | undefined },
): Promise<CopiedFile<Found>> {
  const { client } = lease;
  const breakOff = (): void => lease.breakOff();
  signal?.addEventListener('abort', breakOff);
  try {
    signal?.throwIfAborted();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query(NO_TIME_LIMIT);
    const { copy, form, found } = await plan(client);
    const copied = client.query(copyTo(copy));
    const file = new CopiedRows(form);
    pipeline(copied, file, (error) => {
      done();
      void giveBack(lease, error);
    });
    return { found, file };
  } catch (error) {
    await giveBack(lease, error);
    throw signal?.aborted ? unavailable('The caller went away before the export began.') : error;
  } finally {
    signal?.removeEventListener('abort', breakOff);
  }
}

/** With an error the connection is closed, which ends a statement that still runs: its caller may have gone away. */
async function giveBack(lease: Lease, error: unknown): Promise<void> {
  if (!error) await lease.query('commit', 'COMMIT').catch(() => lease.breakOff());
  if (error) lease.breakOff();
  await lease.release();
}
