// A connection on which a test writes HTTP by hand.
import { connect, type Socket } from 'node:net';

export class PlainSocket {
  private read = '';

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.read += chunk.toString();
    });
    socket.on('error', () => undefined);
  }

  static async to(url: string): Promise<PlainSocket> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new PlainSocket(socket);
  }

  write(text: string): void {
    this.socket.write(text);
  }

  /** All that came, when this is in it; fails when the peer ends before. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.read)) {
      if (this.socket.readableEnded || this.socket.destroyed)
        throw new Error(`the peer ended before ${pattern}\n${this.read}`);
      await new Promise((resolve) => {
        this.socket.once('data', resolve);
        this.socket.once('close', resolve);
      });
    }
    return this.read;
  }

  end(): void {
    this.socket.destroy();
  }
}
