// A WebSocket as its peer sees it: the messages in order, and how it ends.
import { WebSocket } from 'ws';

export interface Frame {
  type: string;
  id?: string;
  payload?: unknown;
}

export interface End {
  code: number;
  reason: string;
}

export const CHANGED = 'subscription ($id: ID!) { usageChanged(workspaceId: $id) { asOf } }';

export class LivePeer {
  private readonly frames: Frame[] = [];
  private readonly waiting: ((frame: Frame) => void)[] = [];
  readonly opened: Promise<void>;
  readonly ended: Promise<End>;

  private constructor(readonly socket: WebSocket) {
    this.opened = new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    this.ended = new Promise((resolve) =>
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      const frame: Frame = JSON.parse(data.toString());
      const next = this.waiting.shift();
      if (next) next(frame);
      else this.frames.push(frame);
    });
  }

  /** Opened, without a message yet. Rejects with the status of a server that refuses. */
  static async open(url: string): Promise<LivePeer> {
    const peer = new LivePeer(new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws'));
    await peer.opened;
    return peer;
  }

  /** With a token that is taken. */
  static async as(token: string, url: string): Promise<LivePeer> {
    const peer = await LivePeer.open(url);
    peer.init(token);
    const first = await peer.next();
    if (first.type !== 'connection_ack') throw new Error(`expected connection_ack, got ${first.type}`);
    return peer;
  }

  init(token: string): void {
    this.send({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } });
  }

  send(frame: Frame): void {
    this.socket.send(JSON.stringify(frame));
  }

  subscribe(id: string, workspaceId: string, query = CHANGED): void {
    this.send({ id, type: 'subscribe', payload: { query, variables: { id: workspaceId } } });
  }

  /** The next message; fails when the socket ends before. */
  next(): Promise<Frame> {
    const frame = this.frames.shift();
    if (frame) return Promise.resolve(frame);
    const come = new Promise<Frame>((resolve) => this.waiting.push(resolve));
    const over = this.ended.then(({ code, reason }): never => {
      throw new Error(`the socket ended before its message: ${code} ${reason}`);
    });
    return Promise.race([come, over]);
  }

  /** How it answers next to a subscription: its first tick, or the code of the error. */
  async outcome(): Promise<string> {
    const { type, payload } = await this.next();
    if (type === 'next') return /"usageChanged":\{"asOf":/.test(JSON.stringify(payload)) ? 'tick' : 'nothing';
    return `${type} ${/"code":"(\w+)"/.exec(JSON.stringify(payload))?.[1]}`;
  }

  async leave(): Promise<void> {
    this.socket.close(1000);
    await this.ended;
  }
}
