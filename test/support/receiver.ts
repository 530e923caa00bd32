// A receiver of webhooks that keeps what it is sent, and behaves as a test says.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

export type Behaviour = (response: ServerResponse, received: Received) => void;

/** Answers with a status, and headers and text if given. */
export const answering =
  (status: number, headers: Record<string, string> = {}, text = ''): Behaviour =>
  (response) => {
    response.writeHead(status, headers).end(text);
  };

export class Receiver {
  readonly received: Received[] = [];
  private waiting: (() => void)[] = [];

  private constructor(
    readonly host: string,
    private readonly sockets: ReadonlySet<Socket>,
    private readonly end: () => Promise<void>,
    private readonly state: { behave: Behaviour; connected: number },
  ) {}

  get url(): string {
    return `http://${this.host}/hook`;
  }

  set behave(behaviour: Behaviour) {
    this.state.behave = behaviour;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.sockets.size;
  }

  /** Connections that were ever opened. */
  get connected(): number {
    return this.state.connected;
  }

  /** What came since the last call. */
  take(): Received[] {
    return this.received.splice(0);
  }

  /** Resolves when so many requests have come. */
  async until(count: number): Promise<void> {
    while (this.received.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  stop(): Promise<void> {
    return this.end();
  }

  static async start(): Promise<Receiver> {
    const sockets = new Set<Socket>();
    const state = { behave: answering(204), connected: 0 };
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const received = { headers: request.headers, body: Buffer.concat(parts).toString('utf8') };
        receiver.received.push(received);
        for (const resolve of receiver.waiting.splice(0)) resolve();
        state.behave(response, received);
      });
    });
    server.on('connection', (socket) => {
      state.connected += 1;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const end = async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    };
    const receiver = new Receiver(`127.0.0.1:${port}`, sockets, end, state);
    return receiver;
  }
}

/** The signature that Standard Webhooks 1.0 asks for, computed without its library. */
export function signatureOf(secret: string, { headers, body }: Received): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
