// Is the process alive, and is it ready for callers? For orchestrators and people; needs no token.
import type { FastifyInstance } from 'fastify';
import type { Database } from '../database/database';
import { Lease } from '../database/lease';
import { pendingMigrations } from '../database/migrate';
import { within } from '../database/within';

export interface HealthDeps {
  database: Database;
  /** True while the write queue has room. */
  accepting: () => boolean;
  stopping: () => boolean;
  /** How this server's clock differs from the database's, in a few words; undefined: it doesn't. */
  clockDifference: () => string | undefined;
}

const DATABASE_WITHIN_MS = 2_000;

/** Each check by name: 'ok', or what is wrong in a few words. */
type Checks = Record<string, string>;

/** A wrong clock does not make the server unready: if the database's clock is wrong, no server would save anything. */
const TOLD_ONLY: ReadonlySet<string> = new Set(['clock']);

export function registerHealth(app: FastifyInstance, deps: HealthDeps): void {
  const pendingOf = pendingOnce(deps.database);
  app.get('/health/live', async () => ({ status: 'ok' }));
  app.get('/health/ready', async (_request, reply) => {
    const checks = await check(pendingOf, deps);
    const faults = Object.entries(checks).filter(([name, state]) => state !== 'ok' && !TOLD_ONLY.has(name));
    const ready = faults.length === 0;
    const errors = faults.map(([name, state]) => ({
      message: `[SERVICE_UNAVAILABLE] ${name}: ${state}`,
      extensions: { code: 'SERVICE_UNAVAILABLE' },
    }));
    reply.code(ready ? 200 : 503).header('cache-control', 'no-store');
    return { status: ready ? 'ok' : 'not ready', checks, ...(ready ? {} : { errors }) };
  });
}

/** Anybody may ask, as often as they like: all requests share one running statement. */
function pendingOnce(database: Database): () => Promise<readonly string[] | undefined> {
  let asking: Promise<readonly string[] | undefined> | undefined;
  const ask = async (): Promise<readonly string[]> => {
    const lease = await Lease.take(database);
    try {
      const late = () => new Error('no answer');
      return await within(DATABASE_WITHIN_MS, pendingMigrations(database.dataSource, lease), late);
    } finally {
      await lease.release();
    }
  };
  return () => {
    asking ??= ask()
      .catch(() => undefined)
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
}

async function check(
  pendingOf: () => Promise<readonly string[] | undefined>,
  deps: HealthDeps,
): Promise<Checks> {
  const pending = await pendingOf();
  return {
    database: pending ? 'ok' : 'not reachable',
    migrations: !pending ? 'unknown' : pending.length === 0 ? 'ok' : `${pending.length} to run`,
    writeQueue: deps.accepting() ? 'ok' : 'full',
    server: deps.stopping() ? 'stopping' : 'ok',
    clock: deps.clockDifference() ?? 'ok',
  };
}
