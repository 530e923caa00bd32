// The load generator: callers in a closed loop, each on one kept-alive connection. Written on sockets, since on a
// machine of few cores a general HTTP client takes more of them than the server that is measured.
import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  body: string;
}

interface CallerOptions {
  /** The bodies of answers are read and dropped, so that no megabyte of text is joined for nothing. */
  dropBodies?: boolean;
}

/** One caller on one connection; one request at a time. */
export class Caller {
  private readonly socket: Socket;
  private head: Buffer = Buffer.alloc(0);
  private status = 0;
  private body: Body | undefined;
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  constructor(
    url: string,
    private readonly path: string,
    private readonly token: string,
    private readonly options: CallerOptions = {},
  ) {
    const { hostname, port } = new URL(url);
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.socket.on('data', (data: Buffer) => this.take(data));
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('close', () => this.fail(new Error('The server closed the connection.')));
  }

  post(body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(
        `POST ${this.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
          `authorization: Bearer ${this.token}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    });
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private take(data: Buffer): void {
    const rest = this.body ? data : this.readHead(data);
    if (!this.body || !rest) return;
    if (!this.body.take(rest)) return;
    const answer = { status: this.status, body: this.body.text() };
    const { waiting } = this;
    this.body = undefined;
    this.waiting = undefined;
    waiting?.resolve(answer);
  }

  /** The rest after the head, once the head is complete. */
  private readHead(data: Buffer): Buffer | undefined {
    this.head = this.head.length === 0 ? data : Buffer.concat([this.head, data]);
    const end = this.head.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const head = this.head.toString('latin1', 0, end);
    const rest = this.head.subarray(end + 4);
    this.head = Buffer.alloc(0);
    this.status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    const keep = this.options.dropBodies !== true;
    if (length !== undefined) this.body = new SizedBody(Number(length), keep);
    else if (/\r\ntransfer-encoding: chunked/i.test(head)) this.body = new ChunkedBody(keep);
    else this.fail(new Error(`An answer whose end can't be told: ${head}`));
    return rest;
  }

  private fail(error: Error): void {
    this.waiting?.reject(error);
    this.waiting = undefined;
  }
}

abstract class Body {
  private readonly parts: Buffer[] = [];

  constructor(private readonly keeps: boolean) {}

  /** True when the body is complete. One request at a time: nothing follows. */
  abstract take(data: Buffer): boolean;

  text(): string {
    return Buffer.concat(this.parts).toString('utf8');
  }

  protected keep(data: Buffer): void {
    if (this.keeps) this.parts.push(data);
  }
}

class SizedBody extends Body {
  constructor(
    private left: number,
    keeps: boolean,
  ) {
    super(keeps);
  }

  take(data: Buffer): boolean {
    this.keep(data);
    this.left -= data.length;
    return this.left <= 0;
  }
}

class ChunkedBody extends Body {
  private line = '';
  /** Bytes of this chunk that are still to come, with its line end. */
  private left = 0;
  private isLast = false;

  take(data: Buffer): boolean {
    for (let at = 0; at < data.length; ) {
      if (this.left > 0) {
        const end = Math.min(data.length, at + this.left);
        // Leaves out those of the two last bytes, the line end, that have arrived.
        const text = Math.min(end, at + Math.max(this.left - 2, 0));
        if (text > at) this.keep(data.subarray(at, text));
        this.left -= end - at;
        at = end;
        continue;
      }
      const end = data.indexOf('\n', at);
      if (end === -1) {
        this.line += data.toString('latin1', at);
        return false;
      }
      const line = `${this.line}${data.toString('latin1', at, end)}`.trimEnd();
      this.line = '';
      at = end + 1;
      // Trailers and an empty line follow the last chunk.
      if (this.isLast && line === '') return true;
      if (this.isLast) continue;
      const size = Number.parseInt(line, 16);
      this.isLast = size === 0;
      this.left = this.isLast ? 0 : size + 2;
    }
    return false;
  }
}

export interface Load {
  /** The addresses over which callers are spread. */
  urls: readonly string[];
  path?: string;
  token: string;
  callers: number;
  seconds: number;
  /** The next request's body. */
  body: () => string;
  /** Throws when the answer is wrong. */
  check: (answer: Answer) => void;
}

export interface Measured {
  /** Answers a second. */
  rate: number;
  p50: number;
  p99: number;
  /** All answers, those of the first 0.5 s too. */
  answers: number;
}

/** Runs the callers for this time, after 0.5 s that is not measured. */
export async function run(load: Load): Promise<Measured> {
  const callers = Array.from(
    { length: load.callers },
    (_, index) => new Caller(load.urls[index % load.urls.length] ?? '', load.path ?? '/graphql', load.token),
  );
  const from = performance.now() + 500;
  const to = from + load.seconds * 1_000;
  const times: number[] = [];
  let answers = 0;
  const loop = async (caller: Caller): Promise<void> => {
    for (let now = performance.now(); now < to; ) {
      load.check(await caller.post(load.body()));
      const end = performance.now();
      answers += 1;
      if (now >= from && end <= to) times.push(end - now);
      now = end;
    }
  };
  try {
    await Promise.all(callers.map(loop));
  } finally {
    for (const caller of callers) caller.close();
  }
  times.sort((a, b) => a - b);
  return {
    ...{ rate: times.length / load.seconds, answers },
    ...{ p50: quantile(times, 0.5), p99: quantile(times, 0.99) },
  };
}

export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}
