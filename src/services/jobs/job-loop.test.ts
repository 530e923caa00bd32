import pino from 'pino';
import { type Job, JobLoop } from './job-loop';

const logged: string[] = [];
const ran: string[] = [];
const logger = pino({}, { write: (line: string) => logged.push(line) });
const observer = {
  jobRan: (name: string, failed: boolean) => ran.push(`${name} ${failed ? 'failed' : 'done'}`),
};
const loopOf = (...jobs: Job[]) => new JobLoop(jobs, logger, observer);

beforeEach(() => {
  jest.useFakeTimers();
  logged.length = 0;
  ran.length = 0;
});
afterEach(() => jest.useRealTimers());

/** A job that ends when the test says so. */
function held() {
  const signals: AbortSignal[] = [];
  const ends: (() => void)[] = [];
  const run = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<void>((resolve) => ends.push(resolve));
  };
  return { job: { name: 'held', everyMs: 100, run }, signals, ends };
}

it('looks at each interval; a failed job is tried again and does not stop the others', async () => {
  const failing = { name: 'failing', everyMs: 100, run: () => Promise.reject(new Error('no luck')) };
  const fine = { name: 'fine', everyMs: 50, run: () => Promise.resolve() };
  const loop = loopOf(failing, fine);
  loop.start();
  await jest.advanceTimersByTimeAsync(200);
  expect(ran.sort()).toEqual([
    'failing failed',
    'failing failed',
    'fine done',
    'fine done',
    'fine done',
    'fine done',
  ]);
  expect(logged.filter((line) => line.includes('no luck'))).toHaveLength(2);
  await loop.stop();
});

it('never starts a second look while one is running', async () => {
  const { job, signals, ends } = held();
  const loop = loopOf(job);
  loop.start();
  await jest.advanceTimersByTimeAsync(1_000);
  expect(signals).toHaveLength(1);
  ends[0]?.();
  await jest.advanceTimersByTimeAsync(100);
  expect(signals).toHaveLength(2);
  ends[1]?.();
  await loop.stop();
});

it('aborts the running look, waits for it, and starts no other', async () => {
  const { job, signals, ends } = held();
  const loop = loopOf(job);
  loop.start();
  await jest.advanceTimersByTimeAsync(100);
  let stopped = false;
  const stopping = loop.stop().then(() => {
    stopped = true;
  });
  await jest.advanceTimersByTimeAsync(1_000);
  expect([signals.length, signals[0]?.aborted, stopped]).toEqual([1, true, false]);
  ends[0]?.();
  await stopping;
  expect(ran).toEqual(['held done']);
});
