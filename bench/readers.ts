// Readers in a process of their own: their work on megabytes of answers must not disturb the timing of saves.
import { setPriority } from 'node:os';
import { Caller } from './client';

export interface Reading {
  url: string;
  /** One reader each: its token and the body that it sends again and again. */
  readers: readonly { token: string; body: string }[];
}

/** How often each status was answered; 0: the connection broke. */
export type Statuses = Record<number, number>;

async function read({ url, readers }: Reading, ended: () => boolean): Promise<Statuses> {
  const statuses: Statuses = {};
  await Promise.all(
    readers.map(async ({ token, body }) => {
      const call = () => new Caller(url, '/graphql', token, { dropBodies: true });
      let caller = call();
      while (!ended()) {
        const status = await caller.post(body).then(
          (answer) => answer.status,
          () => {
            caller.close();
            caller = call();
            return 0;
          },
        );
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
      caller.close();
    }),
  );
  return statuses;
}

let end = false;
process.on('message', (message: Reading | 'end') => {
  if (message === 'end') end = true;
  else
    void read(message, () => end).then((statuses) => {
      process.send?.(statuses);
      process.disconnect();
    });
});
// Real readers have machines of their own.
setPriority(10);
