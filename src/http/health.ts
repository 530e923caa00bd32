// Is the process alive, and is it ready for callers? For orchestrators and people; needs no token.
import type { FastifyInstance } from 'fastify';
import { pendingMigrations } from '../database/migrate';
import type { Database } from '../database/transaction';

export interface HealthDeps {
  database: Database;
  /** True while the write queue has room. */
  accepting: () => boolean;
  stopping: () => boolean;
}

const DATABASE_WITHIN_MS = 2_000;

/** Each check by name: 'ok', or what is wrong in a few words. */
type Checks = Record<string, string>;

export function registerHealth(app: FastifyInstance, deps: HealthDeps): void {
  app.get('/health/live', async () => ({ status: 'ok' }));
  app.get('/health/ready', async (_request, reply) => {
    const checks = await check(deps);
    const ready = Object.values(checks).every((state) => state === 'ok');
    const errors = Object.entries(checks)
      .filter(([, state]) => state !== 'ok')
      .map(([name, state]) => ({
        message: `[SERVICE_UNAVAILABLE] ${name}: ${state}`,
        extensions: { code: 'SERVICE_UNAVAILABLE' },
      }));
    reply.code(ready ? 200 : 503).header('cache-control', 'no-store');
    return { status: ready ? 'ok' : 'not ready', checks, ...(ready ? {} : { errors }) };
  });
}

async function check({ database, accepting, stopping }: HealthDeps): Promise<Checks> {
  const pending = await within(DATABASE_WITHIN_MS, pendingMigrations(database.dataSource)).catch(
    () => undefined,
  );
  return {
    database: pending ? 'ok' : 'not reachable',
    migrations: !pending ? 'unknown' : pending.length === 0 ? 'ok' : `${pending.length} to run`,
    writeQueue: accepting() ? 'ok' : 'full',
    server: stopping() ? 'stopping' : 'ok',
  };
}

function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
