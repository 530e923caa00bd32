// The file of a backup: gzipped text. The first line is JSON and describes the file. Each table follows: its name and
// columns as a line of JSON, its rows as COPY writes them, then a line "\.". The last line counts the rows. A file that
// was cut off or changed is refused.
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { badInput } from '../errors';

const headSchema = z.object({
  format: z.literal('centesimo backup 1'),
  takenAt: z.string(),
  migrations: z.array(z.string()),
});
const tableSchema = z.object({ table: z.string(), columns: z.array(z.string()) });
const endSchema = z.object({ rows: z.record(z.string(), z.number()) });

export type Head = Omit<z.infer<typeof headSchema>, 'format'>;

const END_OF_TABLE = '\\.\n';
const CHUNK_BYTES = 65_536;

/**
 * Writes the whole file or nothing, readable only by its owner. An older file with this name is replaced at the end.
 */
export async function writeBackup(
  file: string,
  head: Head,
  tables: AsyncIterable<{ table: string; columns: readonly string[]; rows: Readable; count: () => number }>,
): Promise<Record<string, number>> {
  const part = `${file}.${randomBytes(4).toString('hex')}.part`;
  const rows: Record<string, number> = {};
  const text = async function* (): AsyncGenerator<string | Buffer> {
    yield line({ format: 'centesimo backup 1', ...head });
    for await (const { table, columns, rows: copied, count } of tables) {
      yield line({ table, columns });
      yield* copied;
      yield END_OF_TABLE;
      rows[table] = count();
    }
    yield line({ rows });
  };
  try {
    await pipeline(
      Readable.from(text()),
      createGzip(),
      createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }),
    );
    await rename(part, file);
    await syncFolder(dirname(file));
  } finally {
    await rm(part, { force: true });
  }
  return rows;
}

const line = (value: object): string => `${JSON.stringify(value)}\n`;

/** Makes the rename survive a power failure. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Reads a file from beginning to end. Every method throws BAD_USER_INPUT when the file is not a whole backup. */
export class BackupReader {
  private readonly lines: AsyncGenerator<Buffer>;

  constructor(private readonly file: string) {
    this.lines = linesOf(unzip(file));
  }

  async head(): Promise<Head> {
    return this.parse(headSchema, await this.next());
  }

  /** The next table, whose rows must be read before the one after it; after the last table, the counted rows. */
  async next(): Promise<unknown> {
    const { value } = await this.read();
    try {
      return JSON.parse(value?.toString('utf8') ?? '');
    } catch {
      throw this.broken();
    }
  }

  async *tables(): AsyncGenerator<{ table: string; columns: string[]; rows: Readable }> {
    for (;;) {
      const entry = await this.next();
      const end = endSchema.safeParse(entry);
      if (end.success) {
        this.counted = end.data.rows;
        if (!(await this.read()).done) throw this.broken();
        return;
      }
      yield { ...this.parse(tableSchema, entry), rows: Readable.from(this.rows()) };
    }
  }

  /** What the file says it holds; call this after all tables were read. */
  counted: Record<string, number> = {};

  private async *rows(): AsyncGenerator<Buffer> {
    let chunk: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const { value, done } = await this.read();
      if (done || value === undefined) throw this.broken();
      const isEnd = value.length === END_OF_TABLE.length && value.toString('latin1') === END_OF_TABLE;
      if (!isEnd) bytes += chunk.push(value) && value.length;
      if ((isEnd && bytes > 0) || bytes >= CHUNK_BYTES) {
        yield Buffer.concat(chunk);
        [chunk, bytes] = [[], 0];
      }
      if (isEnd) return;
    }
  }

  private async read(): Promise<IteratorResult<Buffer, undefined>> {
    try {
      return await this.lines.next();
    } catch (error) {
      throw this.broken(error);
    }
  }

  private parse<T>(schema: z.ZodType<T>, value: unknown): T {
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw this.broken();
    return parsed.data;
  }

  private broken(error?: unknown): Error {
    const why = error instanceof Error ? ` (${error.message})` : '';
    return badInput(`${this.file} is not a complete backup of Centesimo${why}. Nothing was written.`);
  }
}

/** Opens the file at the first read: a stream that failed before anybody reads it would end the process. */
async function* unzip(file: string): AsyncGenerator<Buffer, undefined> {
  const source = createReadStream(file);
  const unzipped = createGunzip();
  source.on('error', (error) => unzipped.destroy(error));
  yield* source.pipe(unzipped);
}

/** Lines, each with its line feed. readline is not used, since it also splits lines at Unicode's line separators. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, undefined> {
  let rest: Buffer[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const last = chunk.subarray(start, end + 1);
      yield rest.length === 0 ? last : Buffer.concat([...rest, last]);
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
  return undefined;
}
