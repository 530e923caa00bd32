// How a server leaves without letting anybody down who has already come in.
import type { Server } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** A request that was sent before its sender could know has arrived by then. */
const ON_ITS_WAY_MS = 150;
/** Under a load that never pauses, the door is shut all the same. */
const LONGEST_WAIT_MS = 500;
const QUIET_TURNS = 3;

/**
 * Takes no new connections, and ends the open ones: those with a request when it is answered, those without one after
 * a moment. Node would end the latter at once, with a request of theirs on its way. After `timeoutMs` all are cut.
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

/** Node accepts one connection a turn of its loop; those that still wait for theirs are reset when the door is shut. */
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
