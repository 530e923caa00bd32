// When the page asks again: when the server says that something was saved, or else every few seconds.
import { useEffect, useRef } from 'react';
import { onTick, ticksCome } from './ticks';

/**
 * Does it again and again: never twice at once, not in a hidden tab, and at once when the tab or the network is back.
 * `task` answers whether it went well; after a failure it is not left to the next tick. Returns what ends it.
 */
export function askAgain(task: () => Promise<boolean>, pauseMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let again = false;
  let failed = false;
  let stopped = false;
  const isNeedless = (): boolean => ticksCome() && !failed;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => (isNeedless() ? wait() : run()), pauseMs);
  };
  const run = async (): Promise<void> => {
    if (document.hidden || stopped) return;
    // What is being read may be older than the tick.
    again = running;
    if (running) return;
    running = true;
    failed = !(await task());
    running = false;
    if (stopped) return;
    wait();
    if (again) void run();
  };
  const now = (): void => {
    clearTimeout(timer);
    void run();
  };
  wait();
  const forget = onTick(now);
  document.addEventListener('visibilitychange', now);
  addEventListener('online', now);
  return () => {
    stopped = true;
    clearTimeout(timer);
    forget();
    document.removeEventListener('visibilitychange', now);
    removeEventListener('online', now);
  };
}

/** Reads once for every new value, and not for the first. */
export function useReadOn(value: string, read: () => Promise<unknown>): void {
  const seen = useRef(value);
  useEffect(() => {
    if (seen.current === value) return;
    seen.current = value;
    read().catch(() => undefined);
  }, [value, read]);
}
