// How a server stops without breaking requests that have arrived.
import type { Server } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** How long to wait for requests that were sent before their callers could know. */
const ON_ITS_WAY_MS = 150;
/** Under a load without pauses the server stops listening after this time. */
const LONGEST_WAIT_MS = 500;
const QUIET_TURNS = 3;

/**
 * Takes no new connections and closes the open ones: those with a request when it is answered, those without one after
 * a moment. Node would close the latter at once, even with a request on its way. After `timeoutMs` all are closed.
 */
export async function drain(app: FastifyInstance, timeoutMs: number): Promise<void> {
  const { server } = app;
  const closeIdle = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => undefined;
  const late = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await letInThoseWhoWait(server);
  const sweeping = setInterval(closeIdle, ON_ITS_WAY_MS);
  try {
    await app.close();
  } finally {
    clearInterval(sweeping);
    clearTimeout(late);
  }
}

/** Node accepts one connection per turn of its event loop; closing the listener resets those that still wait. */
async function letInThoseWhoWait(server: Server): Promise<void> {
  let quiet = 0;
  const onConnection = () => {
    quiet = 0;
  };
  server.on('connection', onConnection);
  const end = performance.now() + LONGEST_WAIT_MS;
  while (quiet < QUIET_TURNS && performance.now() < end) {
    quiet += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  server.off('connection', onConnection);
}
