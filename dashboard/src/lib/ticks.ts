// Ticks: the server says that something was saved, and the page asks again. While none come (a proxy takes no
// WebSocket, the connection is lost, the token has too many subscriptions) the page asks every few seconds.

import { print } from 'graphql';
import type { Client } from 'graphql-ws/client';
import { useEffect } from 'react';
import { TicksDocument } from '../gql/graphql';
import { useSession } from './session';

/** The server sends one at least every 30 seconds. */
const SILENT_MS = 45_000;
/** A busy shop ticks every second; nobody reads so fast. */
const TELL_EVERY_MS = 2_000;
const ACKNOWLEDGED_WITHIN_MS = 10_000;
const LONGEST_WAIT_MS = 60_000;

const hearers = new Set<() => void>();
let coming = false;

/** Whether the server says when something was saved. Then nobody needs to ask by the clock. */
export const ticksCome = (): boolean => coming;

/** `hear` is called when something may have been saved, at most every two seconds. Returns what ends that. */
export function onTick(hear: () => void): () => void {
  hearers.add(hear);
  return () => {
    hearers.delete(hear);
  };
}

/** Takes the workspace's ticks while somebody sees the page and its token is good. */
export function useTicksOf(workspaceId: string): void {
  const session = useSession();
  const token = session?.expired === false ? session.token : undefined;
  useEffect(() => (token === undefined ? undefined : follow(token, workspaceId)), [token, workspaceId]);
}

/** Subscribes, and again after every end: each time later, and not at the same moment as other pages. */
function follow(token: string, workspaceId: string): () => void {
  let client: Client | undefined;
  let connecting = 0;
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  const teller = createTeller();

  const drop = (end = (one: Client): void => one.terminate()): void => {
    coming = false;
    connecting += 1;
    clearTimeout(retry);
    clearTimeout(silence);
    if (client) end(client);
    client = undefined;
  };
  const leave = (): void => drop((one) => void Promise.resolve(one.dispose()).catch(() => undefined));
  const lose = (): void => {
    drop();
    const longest = Math.min(LONGEST_WAIT_MS, 1_000 * 2 ** failures);
    failures += 1;
    retry = setTimeout(connect, longest / 2 + (Math.random() * longest) / 2);
  };
  const ticked = (): void => {
    coming = true;
    failures = 0;
    clearTimeout(silence);
    silence = setTimeout(lose, SILENT_MS);
    teller.tell();
  };
  const connect = async (): Promise<void> => {
    drop();
    const turn = connecting;
    const isOver = (): boolean => turn !== connecting;
    const ended = (): void => {
      if (!isOver()) lose();
    };
    try {
      // A file of its own: the figures don't wait for it.
      const { createClient } = await import('graphql-ws/client');
      if (isOver()) return;
      client = createClient({
        url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
        connectionParams: { Authorization: `Bearer ${token}` },
        connectionAckWaitTimeout: ACKNOWLEDGED_WITHIN_MS,
        retryAttempts: 0,
      });
      client.subscribe(
        { query: print(TicksDocument), variables: { workspaceId } },
        {
          next: () => {
            if (!isOver()) ticked();
          },
          // Also for a token that is refused: the next question by HTTP says so to the reader.
          error: ended,
          complete: ended,
        },
      );
    } catch {
      ended();
    }
  };
  /** The reader or the network is back, or gone. */
  const look = (): void => {
    failures = 0;
    if (document.hidden) leave();
    else if (!navigator.onLine) drop();
    else void connect();
  };
  look();
  document.addEventListener('visibilitychange', look);
  addEventListener('online', look);
  addEventListener('offline', look);
  return () => {
    leave();
    teller.stop();
    document.removeEventListener('visibilitychange', look);
    removeEventListener('online', look);
    removeEventListener('offline', look);
  };
}

/** Tells all hearers, at once or when two seconds have passed since the last time. */
function createTeller(): { tell(): void; stop(): void } {
  let toldAt = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = (): void => {
    timer = undefined;
    toldAt = performance.now();
    for (const hear of hearers) hear();
  };
  return {
    tell() {
      timer ??= setTimeout(tell, Math.max(0, toldAt + TELL_EVERY_MS - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
