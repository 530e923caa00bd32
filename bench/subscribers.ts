// Subscribers as a process of their own: each a WebSocket with one subscription. Started with fork(); it says 'ready', and
// the number of ticks that came when it is asked for them.
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { WebSocket } from 'ws';

export interface Subscribing {
  url: string;
  workspaceId: string;
  /** One subscription each. */
  tokens: string[];
}

/** Fewer than the sockets of one address that may not have sent their token yet. */
const AT_ONCE = 10;
const QUERY = 'subscription ($id: ID!) { usageChanged(workspaceId: $id) { asOf } }';

let ticks = 0;

async function subscribe({ url, workspaceId }: Subscribing, token: string): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  const send = (frame: object): void => socket.send(JSON.stringify(frame));
  const first = new Promise<void>((resolve, reject) => {
    socket.on('close', (code) => reject(new Error(`A subscriber's socket ended with ${code}.`)));
    socket.on('message', (data) => {
      const text = String(data);
      if (text.includes('"type":"connection_ack"'))
        send({ id: '1', type: 'subscribe', payload: { query: QUERY, variables: { id: workspaceId } } });
      else if (text.includes('"usageChanged":{"asOf":')) {
        ticks += 1;
        resolve();
      } else reject(new Error(`A subscriber was told: ${text.slice(0, 500)}`));
    });
  });
  send({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } });
  await first;
}

process.on('message', async (message: Subscribing | 'count') => {
  if (message === 'count') {
    process.send?.(ticks);
    return;
  }
  for (let from = 0; from < message.tokens.length; from += AT_ONCE)
    await Promise.all(message.tokens.slice(from, from + AT_ONCE).map((token) => subscribe(message, token)));
  process.send?.('ready');
});
process.on('disconnect', () => process.exit());
// Real subscribers have machines of their own.
setPriority(10);
