// How a revocation reaches every server within a second: PostgreSQL's LISTEN, on a connection kept for it.

import type { Notification, PoolClient } from 'pg';
import type { Logger } from 'pino';
import { connect, type Database } from '../database/transaction';

export const REVOCATIONS = 'centesimo_revocations';

const RECONNECT_AFTER_MS = 1_000;

export interface RevocationListener {
  stop(): Promise<void>;
}

/** Calls `forget` with each revoked token's id. Listens again after a lost connection, until it is stopped. */
export async function listenForRevocations(
  database: Database,
  logger: Logger,
  forget: (tokenId: string) => void,
): Promise<RevocationListener> {
  let stopped = false;
  let release: (() => Promise<void>) | undefined;
  let retry: NodeJS.Timeout | undefined;

  const listen = async (): Promise<void> => {
    const runner = await connect(database);
    const client: PoolClient = await runner.connect();
    const onNotification = (message: Notification) => forget(message.payload ?? '');
    const onLoss = () => {
      client.off('notification', onNotification);
      void runner.release();
      release = undefined;
      again();
    };
    client.on('notification', onNotification);
    client.once('error', onLoss);
    client.once('end', onLoss);
    release = async () => {
      client.off('notification', onNotification);
      client.off('error', onLoss);
      client.off('end', onLoss);
      await client.query(`UNLISTEN ${REVOCATIONS}`).catch(() => undefined);
      await runner.release();
    };
    await client.query(`LISTEN ${REVOCATIONS}`);
  };

  const again = (): void => {
    if (stopped) return;
    logger.warn('not listening for revocations: listening again shortly');
    retry = setTimeout(() => void listen().catch(again), RECONNECT_AFTER_MS);
    retry.unref();
  };

  await listen().catch(again);
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(retry);
      await release?.();
    },
  };
}
