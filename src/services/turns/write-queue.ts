// Turns that wait for their batch. A batch takes all turns that arrived while earlier batches were being committed.
// There is no timer, so a single caller waits for nobody.

import type { Database } from '../../database/database';
import { Lease } from '../../database/lease';
import { type AppError, unavailable } from '../../errors';
import type { Settlement } from './saved-message';
import { type Turn, weightOf } from './turn';
import type { BatchWriter, Lane } from './write-batch';

export interface WriteQueueLimits {
  /** The most turns of a batch. */
  batchMax: number;
  /** The most turns that may wait, and the most bytes. Further callers get 503 at once. */
  queueMax: number;
  queueMaxBytes: number;
}

/** Learns how turns were settled, for the metrics. */
export interface QueueObserver {
  /** After each batch. */
  batch(turns: number, durationMs: number): void;
  /** After each turn; how long its caller waited, in milliseconds. */
  settled(settlement: Settlement, waitedMs: number): void;
}

const NOBODY: QueueObserver = { batch: () => undefined, settled: () => undefined };

const NEVER = (): boolean => false;

interface Waiting {
  turn: Turn;
  weight: number;
  since: number;
  isGone: () => boolean;
  settle: (settlement: Settlement) => void;
}

export class WriteQueue {
  /** By what a batch has in common; who has waited for longest comes first. */
  private readonly groups = new Map<string, Waiting[]>();
  private waitingTurns = 0;
  private waitingBytes = 0;
  private readonly idle: ConnectionLane[];
  private readonly lanes: readonly ConnectionLane[];
  private dispatching = false;
  private draining = false;
  private onEmpty: (() => void)[] = [];

  /**
   * `shards`: one for each batch in flight at once, each on a connection of its own. `oneWorkspaceEach`: a batch has turns
   * of one workspace, as Citus needs it; on one machine mixing them is 1.7 times as fast.
   */
  constructor(
    database: Database,
    private readonly writer: BatchWriter,
    private readonly limits: WriteQueueLimits,
    shards: readonly number[],
    private readonly oneWorkspaceEach: boolean,
    private readonly observer: QueueObserver = NOBODY,
  ) {
    this.lanes = shards.map((shard) => new ConnectionLane(database, shard));
    this.idle = [...this.lanes];
  }

  /** The turns that wait, and the batches that are being written. */
  get load(): { turns: number; bytes: number; batches: number } {
    const batches = this.lanes.length - this.idle.length;
    return { turns: this.waitingTurns, bytes: this.waitingBytes, batches };
  }

  get isFull(): boolean {
    return this.waitingTurns >= this.limits.queueMax || this.waitingBytes >= this.limits.queueMaxBytes;
  }

  /**
   * Takes all of the turns or none. Each promise is settled after the COMMIT of its turn's batch. Turns whose caller
   * has gone (`isGone`) when their batch is made are not saved: callers that still wait come first. Throws
   * SERVICE_UNAVAILABLE at once when there is no room or the server is stopping.
   */
  submit(turns: readonly Turn[], isGone: () => boolean = NEVER): Promise<Settlement>[] {
    const weights = turns.map(weightOf);
    const bytes = weights.reduce((sum, weight) => sum + weight, 0);
    const refusal = this.refuse(turns.length, bytes);
    if (refusal) {
      for (const _ of turns) this.observer.settled({ error: refusal }, 0);
      throw refusal;
    }
    this.waitingBytes += bytes;
    const since = performance.now();
    const settlements = turns.map(
      (turn, index) =>
        new Promise<Settlement>((settle) => {
          this.wait({ turn, weight: weights[index] ?? 0, since, isGone, settle });
        }),
    );
    if (this.waitingTurns >= this.limits.batchMax) this.dispatch();
    else this.dispatchSoon();
    return settlements;
  }

  private wait(one: Waiting): void {
    const key = this.oneWorkspaceEach ? one.turn.workspaceId : '';
    const group = this.groups.get(key);
    if (group) group.push(one);
    else this.groups.set(key, [one]);
    this.waitingTurns += 1;
  }

  private refuse(turns: number, bytes: number): AppError | undefined {
    if (this.draining) return unavailable('The server is stopping. Retry with the same idempotencyKey.');
    const room =
      this.waitingTurns + turns <= this.limits.queueMax &&
      this.waitingBytes + bytes <= this.limits.queueMaxBytes;
    // An empty queue takes any request: one that is larger than the whole queue could otherwise never be saved.
    if (room || this.waitingTurns === 0) return undefined;
    return unavailable('Too many turns are waiting to be saved. Retry with the same idempotencyKey.');
  }

  /** Refuses new turns, saves those that wait, and gives the connections back. */
  async drain(): Promise<void> {
    this.draining = true;
    if (!this.isEmpty()) await new Promise<void>((resolve) => this.onEmpty.push(resolve));
    await Promise.all(this.lanes.map((lane) => lane.discard()));
  }

  /**
   * Dispatches when all requests that have arrived are read: their turns share a batch, and a single one waits for
   * nobody.
   */
  private dispatchSoon(): void {
    if (this.dispatching) return;
    this.dispatching = true;
    setImmediate(() => {
      this.dispatching = false;
      this.dispatch();
    });
  }

  private dispatch(): void {
    while (this.waitingTurns > 0) {
      const lane = this.idle.pop();
      if (!lane) return;
      const batch = this.nextBatch();
      if (batch.length > 0) void this.run(lane, batch);
      else this.idle.push(lane);
    }
    this.tellWhenEmpty();
  }

  /** Of the group that waits for longest; what is left of it then waits behind the others. */
  private nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const [first] = this.groups;
    if (!first) return batch;
    const [key, group] = first;
    let taken = 0;
    while (batch.length < this.limits.batchMax && taken < group.length) {
      const next = group[taken];
      taken += 1;
      if (next?.isGone()) this.giveUp(next);
      else if (next) batch.push(next);
    }
    group.splice(0, taken);
    this.waitingTurns -= taken;
    this.groups.delete(key);
    if (group.length > 0) this.groups.set(key, group);
    return batch;
  }

  private giveUp({ weight, since, settle }: Waiting): void {
    this.waitingBytes -= weight;
    const settlement = { error: unavailable('The caller went away before the turn was saved.') };
    this.observer.settled(settlement, performance.now() - since);
    settle(settlement);
  }

  private async run(lane: ConnectionLane, batch: readonly Waiting[]): Promise<void> {
    for (const { weight } of batch) this.waitingBytes -= weight;
    const startedAt = performance.now();
    const settlements = await this.writer.write(
      lane,
      batch.map(({ turn }) => turn),
    );
    const now = performance.now();
    this.observer.batch(batch.length, now - startedAt);
    batch.forEach(({ since, settle }, index) => {
      const settlement = settlements[index];
      if (!settlement) return;
      this.observer.settled(settlement, now - since);
      settle(settlement);
    });
    await lane.renewPlans(batch.length);
    this.idle.push(lane);
    this.dispatch();
  }

  private tellWhenEmpty(): void {
    if (this.isEmpty()) for (const resolve of this.onEmpty.splice(0)) resolve();
  }

  private isEmpty(): boolean {
    return this.waitingTurns === 0 && this.idle.length === this.lanes.length;
  }
}

/**
 * After so many turns, and each time ten times as many, a lane's plans are made anew. PostgreSQL makes a session's plans at
 * their first use, those of foreign keys included. On a new database they are for tables of a few rows: a check of a
 * charge's message reads every row of the workspace, until the first ANALYZE, which comes a minute later at the earliest.
 */
const PLANS_RENEWED_AFTER = 1_000;

/** One connection that is reserved for writing, so that reads can't starve saves. */
class ConnectionLane implements Lane {
  private lease: Lease | undefined;
  private turns = 0;
  private renewAfter = PLANS_RENEWED_AFTER;

  constructor(
    private readonly database: Database,
    readonly shard: number,
  ) {}

  async connection(): Promise<Lease> {
    this.lease ??= await Lease.take(this.database);
    return this.lease;
  }

  /** Called after each batch. Never rejects: a connection that is lost has no plans. */
  async renewPlans(turns: number): Promise<void> {
    this.turns += turns;
    if (this.turns < this.renewAfter) return;
    this.renewAfter *= 10;
    await this.lease?.query('forget_plans', 'DISCARD PLANS').catch(() => this.discard());
  }

  async discard(): Promise<void> {
    const { lease } = this;
    this.lease = undefined;
    await lease?.release();
  }
}
