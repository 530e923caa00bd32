// PostgreSQL's COPY text format into the lines of a file: https://www.postgresql.org/docs/15/sql-copy.html
import { Transform, type TransformCallback } from 'node:stream';

export interface FileForm {
  /** Before the first row. */
  opening: string;
  /** Makes the row of the file from a row's cells and COPY's separators; absent: COPY's row is used as it is. */
  row?: (copied: string) => string;
  /** Follows each row but the last one, which may have another end. */
  rowEnd: string;
  lastRowEnd: string;
  closing: string;
  /** How many rows are expected. With fewer or more the file fails. */
  rows: number;
}

const MEANT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
/** Fewer, larger writes: rows arrive in pieces of about 8 kB. */
const PIECE = 65_536;

/**
 * Takes rows as COPY writes them, gives bytes of the file. Every line feed ends a row, since COPY escapes those within
 * a row. Text is handled as Latin-1, a byte a character, so that no character of UTF-8 is ever cut.
 */
export class CopiedRows extends Transform {
  private rows = 0;
  private made: string;
  /** A row whose end has not arrived. */
  private rest = '';

  constructor(private readonly form: FileForm) {
    super();
    this.made = latin1(form.opening);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const { rowEnd, row } = this.form;
    const rows = (this.rest + chunk.toString('latin1')).split('\n');
    this.rest = rows.pop() ?? '';
    if (rows.length > 0) {
      this.rows += rows.length;
      this.made += unescaped((row ? rows.map(row) : rows).join(rowEnd)) + rowEnd;
    }
    // A row's end waits until it is known whether the row is the last one.
    if (this.made.length > PIECE) this.give(this.made.length - rowEnd.length);
    done();
  }

  override _flush(done: TransformCallback): void {
    const { rows, rowEnd, lastRowEnd, closing } = this.form;
    if (this.rows !== rows) {
      done(new Error(`The export has ${this.rows} rows instead of ${rows}.`));
      return;
    }
    if (rows > 0) this.made = this.made.slice(0, -rowEnd.length) + lastRowEnd;
    this.made += latin1(closing);
    this.give(this.made.length);
    done();
  }

  private give(length: number): void {
    if (length > 0) this.push(Buffer.from(this.made.slice(0, length), 'latin1'));
    this.made = this.made.slice(length);
  }
}

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const unescaped = (text: string): string =>
  text.includes('\\') ? text.replace(/\\(.)/gs, (_escaped, letter: string) => MEANT[letter] ?? letter) : text;
