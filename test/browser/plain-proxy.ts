// A proxy between a browser and the server, that a test can make worse: one that takes no WebSockets, cuts them, or holds
// what goes over them.
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';

export class PlainProxy {
  /** Whether a request may become a WebSocket. */
  upgrades = true;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(target: string): Promise<PlainProxy> {
    const { hostname, port } = new URL(target);
    const server = createServer((incoming, outgoing) => {
      const { method, url, headers } = incoming;
      const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const proxy = new PlainProxy(
      server,
      `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    );
    server.on('upgrade', (incoming, socket: Socket, head: Buffer) => {
      if (!proxy.upgrades) {
        socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      const onward = connect(Number(port), hostname);
      const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
      for (let at = 0; at < incoming.rawHeaders.length; at += 2)
        lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket);
      socket.pipe(onward);
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        proxy.sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          proxy.sockets.delete(one);
          other.destroy();
        });
      }
    });
    return proxy;
  }

  /** Ends every WebSocket without a goodbye. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** What is sent over the WebSockets that are open arrives no more, and nobody is told. */
  hold(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  stop(): void {
    this.cut();
    this.server.closeAllConnections();
    this.server.close();
  }
}
