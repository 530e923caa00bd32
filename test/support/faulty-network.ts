// A TCP proxy on the loopback that breaks connections: it cuts, stalls, slows or refuses them.
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `pass`: connections work. `refuse`: new connections end at once, open ones are cut. `stall`: open and new connections
 * stay open, and nothing passes. `half-open`: the present connections stall for ever, new ones work.
 */
export type Fault = 'pass' | 'refuse' | 'stall' | 'half-open';

/** What to do with the answer that comes after a request that holds these bytes. */
export interface Cut {
  /** In what is sent. */
  request: string;
  /** In the answer: when this has come, all of it has. Nothing of the answer is passed on. */
  answer: Buffer | string;
  /** How many times; each takes its connection down. */
  times: number;
}

interface Pair {
  near: Socket;
  far: Socket;
  stalled: boolean;
  /** What has come of the answer that will be cut. */
  swallowed: Buffer | undefined;
}

export class FaultyNetwork {
  private readonly pairs = new Set<Pair>();
  private fault: Fault = 'pass';
  private cut: Cut | undefined;
  /** Milliseconds that each piece is held back, either way. */
  delayMs = 0;
  /** Answers that were not passed on. */
  cuts = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async to(target: URL): Promise<FaultyNetwork> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    const proxy = new FaultyNetwork(server, address.port);
    server.on('connection', (near) => proxy.accept(near, target));
    return proxy;
  }

  /** The same address by way of this proxy. */
  through(address: string): string {
    const url = new URL(address);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.toString().replace(/\/$/, '');
  }

  get open(): number {
    return this.pairs.size;
  }

  set(fault: Fault): void {
    this.fault = fault;
    if (fault === 'refuse') this.cutAll();
    if (fault === 'half-open') for (const pair of this.pairs) pair.stalled = true;
    // What was sent meanwhile is lost, so these connections can't be used any more.
    if (fault === 'pass') for (const pair of this.pairs) if (pair.stalled) end(pair);
    if (fault === 'stall') for (const pair of this.pairs) pair.stalled = true;
  }

  /** The next answers of this kind never arrive. */
  cutAfter(cut: Cut): void {
    this.cut = { ...cut };
  }

  cutAll(): void {
    for (const pair of this.pairs) end(pair);
  }

  async close(): Promise<void> {
    this.set('refuse');
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private accept(near: Socket, target: URL): void {
    if (this.fault === 'refuse') {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    const pair: Pair = { near, far, stalled: this.fault === 'stall', swallowed: undefined };
    this.pairs.add(pair);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => end(pair));
      socket.on('close', () => {
        this.pairs.delete(pair);
        end(pair);
      });
    }
    near.on('data', (data) => this.onRequest(pair, data));
    far.on('data', (data) => this.onAnswer(pair, data));
  }

  private onRequest(pair: Pair, data: Buffer): void {
    if (pair.stalled) return;
    if (this.cut && this.cut.times > 0 && data.includes(this.cut.request)) {
      this.cut.times -= 1;
      pair.swallowed = Buffer.alloc(0);
    }
    this.pass(pair.far, data);
  }

  private onAnswer(pair: Pair, data: Buffer): void {
    if (pair.stalled) return;
    if (!pair.swallowed) {
      this.pass(pair.near, data);
      return;
    }
    pair.swallowed = Buffer.concat([pair.swallowed, data]);
    if (!this.cut || !pair.swallowed.includes(this.cut.answer)) return;
    this.cuts += 1;
    end(pair);
  }

  private pass(to: Socket, data: Buffer): void {
    if (this.delayMs === 0) to.write(data);
    else setTimeout(() => !to.destroyed && to.write(data), this.delayMs);
  }
}

/** PostgreSQL's ReadyForQuery outside a transaction: everything that was sent is committed. */
export const COMMITTED = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

function end({ near, far }: Pair): void {
  near.destroy();
  far.destroy();
}
