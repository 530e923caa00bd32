// Work that is due is stored as rows. Every server looks for due rows again and again, so no work is lost when a
// process dies.
import type { Logger } from 'pino';
import { describeError } from '../../database/describe-error';
import { isTransient } from '../../database/sql';

/** One kind of work that falls due. */
export interface Job {
  /** Its name in logs and metrics. */
  readonly name: string;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /**
   * Does what is due now. Several servers run it at once: rows are taken with FOR UPDATE SKIP LOCKED. Returns early
   * when `signal` is aborted; what is left stays due.
   */
  run(signal: AbortSignal): Promise<unknown>;
}

/** Counts the looks and how they ended. */
export interface JobObserver {
  jobRan(name: string, failed: boolean): void;
}

export class JobLoop {
  private readonly stopping = new AbortController();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly jobs: readonly Job[],
    private readonly logger: Logger,
    private readonly observer: JobObserver,
  ) {}

  /** The first look comes after one interval. */
  start(): void {
    for (const job of this.jobs) {
      const timer = setInterval(() => this.look(job), job.everyMs);
      timer.unref();
      this.timers.push(timer);
    }
  }

  /** Starts no further look; resolves when the running ones have ended. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.stopping.abort();
    await Promise.all(this.running.values());
  }

  /** While a look is running, no second one starts: the first takes what becomes due meanwhile. */
  private look(job: Job): void {
    if (this.stopping.signal.aborted || this.running.has(job.name)) return;
    const run = this.run(job).finally(() => this.running.delete(job.name));
    this.running.set(job.name, run);
  }

  private async run(job: Job): Promise<void> {
    try {
      await job.run(this.stopping.signal);
      this.observer.jobRan(job.name, false);
    } catch (error) {
      this.observer.jobRan(job.name, true);
      const entry = { job: job.name, error: describeError(error) };
      const words = 'due work failed; it stays due and is tried again';
      if (isTransient(error)) this.logger.warn(entry, words);
      else this.logger.error(entry, words);
    }
  }
}
