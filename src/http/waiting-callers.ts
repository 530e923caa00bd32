// Who still waits for an answer? A response's 'close' event says it, also where Node alone would be wrong or silent.
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How often a half-closed connection is checked for a caller who still waits. */
const ASK_EVERY_MS = 100;

/**
 * Adds two things to Node. A caller who ends his side of the connection has nearly always gone, but may still wait for
 * the answer: Node would close the connection at once; this asks first. And when a connection breaks, Node never closes
 * a response that waits behind another one (pipelining); this does.
 */
export function watchCallers(server: Server): void {
  // Node has this switch without documenting it. test/overload.test.ts shows what it does.
  Object.assign(server, { httpAllowHalfOpen: true });
  const unanswered = new WeakMap<Socket, Set<ServerResponse>>();
  server.on('connection', (socket: Socket) => {
    const responses = new Set<ServerResponse>();
    unanswered.set(socket, responses);
    let asking: NodeJS.Timeout | undefined;
    socket.once('end', () => {
      ask(socket, responses);
      asking = setInterval(() => ask(socket, responses), ASK_EVERY_MS);
    });
    socket.once('close', () => {
      clearInterval(asking);
      for (const response of responses) if (response.socket === null) close(response);
    });
  });
  server.on('request', ({ socket }, response: ServerResponse) => {
    const responses = unanswered.get(socket);
    responses?.add(response);
    response.once('close', () => responses?.delete(response));
  });
}

/**
 * Sends the interim answer 102 to the request whose turn it is. If the caller has gone, his system resets the
 * connection, and the next write fails. HTTP/1.0 has no interim answers: there an ended side means that the caller has
 * gone.
 */
function ask(socket: Socket, responses: ReadonlySet<ServerResponse>): void {
  const [current] = responses;
  if (!current || current.headersSent) return;
  if (current.req.httpVersion === '1.0') socket.end();
  else current.writeProcessing();
}

function close(response: ServerResponse): void {
  response.destroy();
  response.emit('close');
}
