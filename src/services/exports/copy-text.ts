// PostgreSQL's COPY text format into the lines of a file: https://www.postgresql.org/docs/15/sql-copy.html
import { Transform, type TransformCallback } from 'node:stream';

export interface FileForm {
  /** Before the first row. */
  opening: string;
  /** After each row; the last one may have another end. */
  rowEnd: string;
  lastRowEnd: string;
  closing: string;
  /** How many rows must come. With less, or more, the file fails. */
  rows: number;
}

const MEANT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
/** Fewer, larger writes: rows arrive in pieces of about 8 kB. */
const PIECE = 65_536;

/**
 * Rows as COPY writes them in, bytes of the file out. Every line feed that comes in ends a row, since those within
 * a row are escaped. Text is handled as Latin-1, a byte a character, so that no character of UTF-8 is ever cut.
 */
export class CopiedRows extends Transform {
  private rows = 0;
  private made: string;
  /** The first half of an escape whose second is still to come. */
  private escape = '';

  constructor(private readonly form: FileForm) {
    super();
    this.made = latin1(form.opening);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const rows = (this.escape + chunk.toString('latin1')).split('\n');
    this.rows += rows.length - 1;
    this.made += this.unescape(rows.join(this.form.rowEnd));
    // The last row's end stays until it is known whether it is the last one.
    if (this.made.length > PIECE) this.give(this.made.length - this.form.rowEnd.length);
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

  private unescape(text: string): string {
    this.escape = '';
    if (!text.includes('\\')) return text;
    const backslashes = /\\+$/.exec(text)?.[0].length ?? 0;
    if (backslashes % 2 === 1) this.escape = '\\';
    const whole = text.slice(0, text.length - this.escape.length);
    return whole.replace(/\\(.)/gs, (_escaped, letter: string) => MEANT[letter] ?? letter);
  }

  private give(length: number): void {
    if (length > 0) this.push(Buffer.from(this.made.slice(0, length), 'latin1'));
    this.made = this.made.slice(length);
  }
}

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
