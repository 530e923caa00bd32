// The load generator: callers in a closed loop, each on one kept-alive connection. Written on sockets, since on a
// machine of few cores a general HTTP client takes more of them than the server that is measured.
import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  body: string;
}

/** One caller on one connection; one request at a time. */
export class Caller {
  private readonly socket: Socket;
  private buffer: Buffer = Buffer.alloc(0);
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  constructor(
    url: string,
    private readonly path: string,
    private readonly token: string,
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
    this.buffer = this.buffer.length === 0 ? data : Buffer.concat([this.buffer, data]);
    const end = this.buffer.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.buffer.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) {
      this.fail(new Error(`An answer without a length: ${head}`));
      return;
    }
    if (this.buffer.length < end + 4 + length) return;
    const body = this.buffer.toString('utf8', end + 4, end + 4 + length);
    this.buffer = this.buffer.subarray(end + 4 + length);
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), body });
  }

  private fail(error: Error): void {
    this.waiting?.reject(error);
    this.waiting = undefined;
  }
}

export interface Load {
  /** Where: callers are spread over the addresses. */
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
}

/** Runs the callers for the time, and 0.5 s before it unmeasured. */
export async function run(load: Load): Promise<Measured> {
  const callers = Array.from(
    { length: load.callers },
    (_, index) => new Caller(load.urls[index % load.urls.length] ?? '', load.path ?? '/graphql', load.token),
  );
  const from = performance.now() + 500;
  const to = from + load.seconds * 1_000;
  const times: number[] = [];
  const loop = async (caller: Caller): Promise<void> => {
    for (let now = performance.now(); now < to; ) {
      load.check(await caller.post(load.body()));
      const end = performance.now();
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
  return { rate: times.length / load.seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
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
