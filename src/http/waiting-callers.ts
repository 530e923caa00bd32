// Who still waits for an answer: a response's 'close' says so, also where Node by itself would say it wrongly or never.
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How often a caller who has ended his side of the connection is asked whether he still waits. */
const ASK_EVERY_MS = 100;

/**
 * Two things that Node leaves undone. Whoever ends his side of the connection has nearly always gone, but may still wait
 * for his answer: Node would close the connection at once; here he is asked. And when a connection breaks, a response
 * that waits behind another one of it (pipelining) would never be closed.
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
 * Sends the interim answer 102 to the one whose turn it is. The system of a caller who has gone resets the connection
 * for it, which the next write finds out. HTTP/1.0 has no interim answers: there, an end is taken for having gone.
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
