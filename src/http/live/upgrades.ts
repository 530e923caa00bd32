// Which requests become a WebSocket. Node hands over every request that has an Upgrade header once anybody listens for
// them, also those of callers who only offer HTTP/2 (Java's HttpClient does): these are answered as if they hadn't.
import { type IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Emits 'upgrade' for WebSockets at this path alone. */
export function webSocketUpgrades(server: Server, path: string): Server {
  const upgrades = new Server();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const isOurs =
      request.method === 'GET' &&
      request.headers.upgrade?.toLowerCase() === 'websocket' &&
      request.url?.split('?', 1)[0] === path;
    if (isOurs && upgrades.listenerCount('upgrade') > 0) upgrades.emit('upgrade', request, socket, head);
    else readAgain(server, request, socket, head);
  });
  return upgrades;
}

/** Gives the connection back to the server with the same request, without its offer. */
function readAgain(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (head.length > 0) socket.unshift(head);
  socket.unshift(Buffer.from(withoutOffer(request), 'latin1'));
  server.emit('connection', socket);
}

const OFFERS: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

function withoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]];
    if (OFFERS.has(name.toLowerCase())) continue;
    text += `${name}: ${name.toLowerCase() === 'connection' ? connectionWithoutOffer(value) : value}\r\n`;
  }
  return `${text}\r\n`;
}

/** 'Upgrade' alone would say nothing more: the connection is kept, as it is without the header. */
const connectionWithoutOffer = (value: string): string =>
  value
    .split(',')
    .map((token) => token.trim())
    .filter((token) => !OFFERS.has(token.toLowerCase()))
    .join(', ') || 'keep-alive';
