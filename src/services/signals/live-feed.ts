// Who hears that something was saved, whichever server saved it: subscribers of this process, and one NOTIFY for the
// others. Nothing here runs within a save.
import type { Notices } from '../../database/notices';
import { AppError, unavailable } from '../../errors';
import { newId } from '../../values/ids';
import { pace } from '../../values/pace';
import type { Clock } from '../../values/time';
import type { Settlement } from '../turns/saved-message';
import { Subscriber, type Tick } from './subscriber';

const CHANNEL = 'centesimo_changes';
export const SUBSCRIPTIONS_OF_TOKEN = 3;
export const SUBSCRIPTIONS_OF_PROCESS = 1_000;
/** A process looks at what changed, and tells the others, at most so often. */
const PULSE_MS = 500;
const LOOK_EVERY_MS = 1_000;
/**
 * Ticks that a process gives in one pulse. A thousand subscribers of a busy workspace wait four seconds rather than one:
 * each tick takes time from saves, and the questions that follow it take more.
 */
const TICKS_OF_PULSE = 125;
/** A NOTIFY carries less than 8 000 bytes. */
const PAYLOAD_BYTES = 7_000;
/** Stands for every workspace. */
const EVERYTHING = '*';
/** What a tick costs, in the values of an answer (values/pace.ts). */
const TICK_WEIGHT = 20;

/** Told of ticks, for the metrics. */
export interface FeedObserver {
  ticked(): void;
}

export class LiveFeed {
  private readonly self: string;
  private readonly subscribers = new Map<string, Set<Subscriber>>();
  private readonly ofToken = new Map<string, number>();
  private count = 0;
  private changed = new Set<string>();
  private untold = new Set<string>();
  private telling = false;
  private pulse: NodeJS.Timeout | undefined;
  private pulsedAt = Number.NEGATIVE_INFINITY;
  private offering = false;
  private looking: NodeJS.Timeout | undefined;

  constructor(
    private readonly notices: Notices,
    private readonly clock: Clock,
    private readonly observer: FeedObserver | undefined,
  ) {
    this.self = newId(clock().getTime());
    notices.hear(CHANNEL, {
      heard: (payload) => this.heard(payload),
      missed: () => this.wakeAll(),
    });
  }

  /** Subscriptions of this process. */
  get size(): number {
    return this.count;
  }

  /** Called after the COMMIT of each turn: costs no statement. */
  settled(settlement: Settlement): void {
    if ('ok' in settlement && !settlement.ok.replayed) this.mark(settlement.ok.message.workspace.id);
  }

  /** Something was committed in this workspace. */
  mark(workspaceId: string): void {
    this.changed.add(workspaceId);
    this.schedule();
  }

  /**
   * Ticks of one workspace: the first at once. The caller has checked that the workspace may be read. Throws RATE_LIMITED
   * when the token has too many subscriptions, SERVICE_UNAVAILABLE when the process has.
   */
  subscribe(principalId: string, workspaceId: string): AsyncIterableIterator<Tick> {
    const held = this.ofToken.get(principalId) ?? 0;
    if (held >= SUBSCRIPTIONS_OF_TOKEN)
      throw new AppError(
        'RATE_LIMITED',
        `A token has at most ${SUBSCRIPTIONS_OF_TOKEN} subscriptions at a time. End one, or use queries.`,
      );
    if (this.count >= SUBSCRIPTIONS_OF_PROCESS)
      throw unavailable(
        'The server has no room for another subscription. Use queries for now, or try again later.',
      );
    const subscriber = new Subscriber(principalId, workspaceId, {
      tick: () => this.tick(),
      postpone: () => this.schedule(),
      left: (one) => this.remove(one),
    });
    this.ofToken.set(principalId, held + 1);
    this.count += 1;
    const others = this.subscribers.get(workspaceId) ?? new Set();
    this.subscribers.set(workspaceId, others.add(subscriber));
    this.looking ??= setInterval(() => this.lookAtAll(), LOOK_EVERY_MS).unref();
    return subscriber;
  }

  close(): void {
    clearTimeout(this.pulse);
    clearInterval(this.looking);
  }

  private tick(): Tick {
    this.observer?.ticked();
    return { asOf: this.clock() };
  }

  private remove(subscriber: Subscriber): void {
    const { principalId, workspaceId } = subscriber;
    this.count -= 1;
    const held = (this.ofToken.get(principalId) ?? 1) - 1;
    if (held === 0) this.ofToken.delete(principalId);
    else this.ofToken.set(principalId, held);
    const others = this.subscribers.get(workspaceId);
    others?.delete(subscriber);
    if (others?.size === 0) this.subscribers.delete(workspaceId);
    if (this.count > 0) return;
    clearInterval(this.looking);
    this.looking = undefined;
  }

  /** Another server's, or this one's own. */
  private heard(payload: string): void {
    const [from, ...ids] = payload.split('\n');
    if (from === this.self) return;
    if (ids.includes(EVERYTHING)) this.wakeAll();
    else this.wake(ids);
  }

  private wake(workspaceIds: Iterable<string>): void {
    let found = false;
    for (const id of workspaceIds)
      for (const subscriber of this.subscribers.get(id) ?? []) {
        subscriber.due();
        found = true;
      }
    if (found) this.schedule();
  }

  private wakeAll(): void {
    this.wake(this.subscribers.keys());
    if (this.untold.size > 0) this.schedule();
  }

  private lookAtAll(): void {
    const now = performance.now();
    for (const subscriber of this.all()) subscriber.dueAtLast(now);
    this.scheduleIfWaiting();
  }

  private *all(): Iterable<Subscriber> {
    for (const ofWorkspace of this.subscribers.values()) yield* ofWorkspace;
  }

  private schedule(): void {
    const wait = Math.max(0, this.pulsedAt + PULSE_MS - performance.now());
    this.pulse ??= setTimeout(() => this.beat(), wait).unref();
  }

  private scheduleIfWaiting(): void {
    for (const subscriber of this.all()) {
      if (!subscriber.isWaiting) continue;
      this.schedule();
      return;
    }
  }

  private beat(): void {
    this.pulse = undefined;
    this.pulsedAt = performance.now();
    const { changed } = this;
    this.changed = new Set();
    this.wake(changed);
    for (const id of changed) this.untold.add(id);
    void this.tell();
    void this.offer();
  }

  /** A few in each turn of the event loop: whoever saves waits for them only. */
  private async offer(): Promise<void> {
    if (this.offering) return;
    this.offering = true;
    const now = performance.now();
    const ready = [...this.all()].filter((one) => one.isReady(now));
    // Who has waited longest comes first: nobody waits for ever.
    ready.sort((one, other) => (one.tickedAt < other.tickedAt ? -1 : 1));
    for (const subscriber of ready.slice(0, TICKS_OF_PULSE)) {
      await pace(TICK_WEIGHT);
      subscriber.offer(performance.now());
    }
    this.offering = false;
    this.scheduleIfWaiting();
  }

  /** What can't be told waits for the connection to come back; other servers tick by themselves meanwhile. */
  private async tell(): Promise<void> {
    if (this.telling || this.untold.size === 0) return;
    this.telling = true;
    const ids = this.untold;
    this.untold = new Set();
    const text = [this.self, ...ids].join('\n');
    const fits = Buffer.byteLength(text) <= PAYLOAD_BYTES;
    const told = await this.notices.tell(CHANNEL, fits ? text : `${this.self}\n${EVERYTHING}`);
    this.telling = false;
    if (!told) for (const id of fits ? ids : [EVERYTHING]) this.untold.add(id);
    else if (this.untold.size > 0) this.schedule();
  }
}
