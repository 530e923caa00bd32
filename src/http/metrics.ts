// What an operator watches, in Prometheus' format. Labels are only our own names: no workspace, no number, no
// customer's words.
import cluster from 'node:cluster';
import type { FastifyRequest } from 'fastify';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { StatementObserver } from '../database/sql';
import { within } from '../database/within';
import type { FillingObserver } from '../services/jobs/filler';
import type { JobObserver } from '../services/jobs/job-loop';
import type { FeedObserver } from '../services/signals/live-feed';
import {
  DELIVERY_RESULTS,
  type DeliveryObserver,
  type DeliveryResult,
} from '../services/signals/webhook-deliverer';
import type { Settlement } from '../services/turns/saved-message';
import { TRACKING_OUTCOMES } from '../services/turns/tracking';
import type { QueueObserver } from '../services/turns/write-queue';
import type { Reconciliation } from '../services/upkeep/reconcile';
import type { RequestNotes } from './operation';

/** Figures that are read when somebody asks for /metrics. */
export interface Sources {
  queue: () => { turns: number; bytes: number; batches: number };
  pool: () => { total: number; idle: number; waiting: number };
  subscribers: () => number;
  /** Rejects when the database doesn't answer. */
  tokensExpiringSoon: () => Promise<number>;
  /** Webhooks that nothing gets through to, and for how long the oldest delivery has been due. */
  webhookStanding: () => Promise<{ failing: number; overdueMs: number }>;
  /** undefined until the clocks were compared. */
  clockAheadMs: () => number | undefined;
}

/** Prometheus waits for 10 s. */
const DATABASE_WITHIN_MS = 2_000;
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const TURNS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

export class Metrics implements QueueObserver, JobObserver, FillingObserver, FeedObserver, DeliveryObserver {
  readonly registry = new Registry();

  private readonly requests = this.counter(
    'centesimo_http_requests_total',
    'HTTP requests that were answered, by route and status.',
    ['route', 'status'],
  );
  private readonly requestSeconds = this.histogram(
    'centesimo_http_request_seconds',
    'Seconds from the first byte of a request to the last of its answer, by route.',
    SECONDS,
    ['route'],
  );
  private readonly operations = this.counter(
    'centesimo_operations_total',
    'Root fields of GraphQL operations, by field and outcome: ok, or the error code of the operation.',
    ['field', 'outcome'],
  );
  private readonly turns = this.counter(
    'centesimo_turns_total',
    'Turns that were saved, by outcome. DEFERRED: the charge failed and is made later.',
    ['outcome'],
  );
  private readonly replays = this.counter(
    'centesimo_turns_replayed_total',
    'Turns that were sent again and answered with what was saved first.',
  );
  private readonly turnsRefused = this.counter(
    'centesimo_turns_refused_total',
    'Turns that were not saved, by error code; SERVICE_UNAVAILABLE may be sent again.',
    ['code'],
  );
  private readonly saveSeconds = this.histogram(
    'centesimo_save_seconds',
    'Seconds from taking a turn to the COMMIT of its batch.',
    SECONDS,
  );
  private readonly batchTurns = this.histogram(
    'centesimo_batch_turns',
    'Turns that were written in one batch.',
    TURNS,
  );
  private readonly reconciled = this.counter(
    'centesimo_reconciled_total',
    'DEFERRED turns that were looked at again: charged, or failed once more.',
    ['result'],
  );
  private readonly deferred = new Gauge({
    name: 'centesimo_deferred_turns',
    help: 'Turns whose charge failed again when they were last looked at: they wait for somebody.',
    ...{ registers: [this.registry], aggregator: 'max' },
  });
  private readonly unfilled = new Gauge({
    name: 'centesimo_unfilled_rows',
    help: 'Rows of an older version that are still to be filled, by table; at 0, migrate --contract may be run.',
    labelNames: ['table'],
    ...{ registers: [this.registry], aggregator: 'max' },
  });
  private readonly jobRuns = this.counter(
    'centesimo_job_runs_total',
    'Looks for work that is due, by job and result: done, or failed and tried again.',
    ['job', 'result'],
  );
  private readonly ticks = this.counter('centesimo_ticks_total', 'Ticks that subscriptions were given.');
  private readonly socketsClosed = this.counter(
    'centesimo_sockets_closed_total',
    'WebSockets that ended, by close code: 1000 and 1001 are usual; 4403: the token was refused or ended.',
    ['code'],
  );
  private readonly deliveries = this.counter(
    'centesimo_webhook_deliveries_total',
    'Calls of webhooks, by result: delivered; retry: failed and tried again later; failed: for good; disabled: the webhook is off from now on.',
    ['result'],
  );
  private readonly statementSeconds = this.histogram(
    'centesimo_statement_seconds',
    'Seconds of a SQL statement, by its name.',
    SECONDS,
    ['statement'],
  );
  private readonly statementsFailed = this.counter(
    'centesimo_statements_failed_total',
    'SQL statements that failed, by name. Some are tried again and harm nobody.',
    ['statement'],
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    // Starts every counter at 0, so that alert rules see it before the first event.
    for (const outcome of TRACKING_OUTCOMES) this.turns.inc({ outcome }, 0);
    this.turnsRefused.inc({ code: 'SERVICE_UNAVAILABLE' }, 0);
    for (const result of DELIVERY_RESULTS) this.deliveries.inc({ result }, 0);
    this.socketsClosed.inc({ code: '1000' }, 0);
    for (const result of ['charged', 'failed']) this.reconciled.inc({ result }, 0);
    if (cluster.isWorker) {
      // The primary asks workers for their figures; creating a registry starts listening for that.
      new AggregatorRegistry();
      AggregatorRegistry.setRegistries(this.registry);
    }
  }

  /** Gauges are read on request. */
  watch({ queue, pool, subscribers, tokensExpiringSoon, webhookStanding, clockAheadMs }: Sources): void {
    const gauge = (name: string, help: string, value: () => number): void => {
      new Gauge({
        ...{ name, help, registers: [this.registry] },
        collect() {
          this.set(value());
        },
      });
    };
    gauge('centesimo_queue_turns', 'Turns that wait to be saved.', () => queue().turns);
    gauge('centesimo_queue_bytes', 'Bytes of the turns that wait to be saved.', () => queue().bytes);
    gauge('centesimo_batches_in_flight', 'Batches that are being written.', () => queue().batches);
    gauge('centesimo_pool_connections', 'Connections to the database.', () => pool().total);
    gauge('centesimo_pool_idle', 'Connections that nobody uses.', () => pool().idle);
    gauge('centesimo_pool_waiting', 'Requests that wait for a connection.', () => pool().waiting);
    gauge('centesimo_subscribers', 'Subscriptions that are open.', subscribers);
    new Gauge({
      name: 'centesimo_clock_ahead_seconds',
      help: "Seconds that this server's clock is ahead of the database's; negative: behind. Looked at once a minute.",
      ...{ registers: [this.registry], aggregator: 'average' },
      collect() {
        this.set((clockAheadMs() ?? 0) / 1_000);
      },
    });
    const ask = askedOnce(tokensExpiringSoon);
    const askOfWebhooks = askedOnce(webhookStanding);
    new Gauge({
      name: 'centesimo_webhooks_failing',
      help: 'Webhooks to which nothing gets through: the last call failed, or they are off for that.',
      ...{ registers: [this.registry], aggregator: 'max' },
      async collect() {
        const found = await askOfWebhooks();
        if (found !== undefined) this.set(found.failing);
      },
    });
    new Gauge({
      name: 'centesimo_webhook_overdue_seconds',
      help: 'For how long the oldest delivery of an event has been due; 0: none is.',
      ...{ registers: [this.registry], aggregator: 'max' },
      async collect() {
        const found = await askOfWebhooks();
        if (found !== undefined) this.set(found.overdueMs / 1_000);
      },
    });
    new Gauge({
      name: 'centesimo_database_up',
      help: '1 when the database answers, else 0.',
      ...{ registers: [this.registry], aggregator: 'min' },
      async collect() {
        this.set((await ask()) === undefined ? 0 : 1);
      },
    });
    new Gauge({
      name: 'centesimo_tokens_expiring_soon',
      help: 'Tokens that end within 30 days. An expired service token loses turns.',
      ...{ registers: [this.registry], aggregator: 'max' },
      async collect() {
        const found = await ask();
        if (found !== undefined) this.set(found);
      },
    });
  }

  readonly statement: StatementObserver = (name, durationMs, failed) => {
    this.statementSeconds.observe({ statement: name }, durationMs / 1_000);
    if (failed) this.statementsFailed.inc({ statement: name });
  };

  batch(turns: number): void {
    this.batchTurns.observe(turns);
  }

  settled(settlement: Settlement, waitedMs: number): void {
    this.saveSeconds.observe(waitedMs / 1_000);
    if ('error' in settlement) this.turnsRefused.inc({ code: settlement.error.code });
    else if (settlement.ok.replayed) this.replays.inc();
    else this.turns.inc({ outcome: settlement.ok.message.outcome });
  }

  reconciledTurns({ charged, failed }: Reconciliation): void {
    this.reconciled.inc({ result: 'charged' }, charged);
    this.reconciled.inc({ result: 'failed' }, failed);
    this.deferred.set(failed);
  }

  rowsUnfilled(table: string, left: number): void {
    this.unfilled.set({ table }, left);
  }

  jobRan(job: string, failed: boolean): void {
    this.jobRuns.inc({ job, result: failed ? 'failed' : 'done' });
  }

  delivery(result: DeliveryResult): void {
    this.deliveries.inc({ result });
  }

  ticked(): void {
    this.ticks.inc();
  }

  socketClosed(code: number): void {
    this.socketsClosed.inc({ code });
  }

  /** A save that was refused at the door. */
  refusedAtTheDoor(): void {
    this.turnsRefused.inc({ code: 'SERVICE_UNAVAILABLE' });
    this.requests.inc({ route: '/graphql', status: 503 });
  }

  request({ routeOptions, notes }: FastifyRequest, status: number, durationMs: number): void {
    const route = routeOptions.url ?? 'none';
    this.requests.inc({ route, status });
    this.requestSeconds.observe({ route }, durationMs / 1_000);
    this.countOperation(notes);
  }

  /** One operation's root fields and what became of it. */
  countOperation({ rootFields = [], errorCodes = [] }: RequestNotes): void {
    for (const field of rootFields) this.operations.inc({ field, outcome: errorCodes[0] ?? 'ok' });
  }

  private counter<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[] = [],
  ): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private histogram<Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: Label[] = [],
  ): Histogram<Label> {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }
}

/** Several gauges that are read at once ask the database once. undefined: it does not answer. */
function askedOnce<T>(question: () => Promise<T>): () => Promise<T | undefined> {
  let asking: Promise<T | undefined> | undefined;
  return () => {
    const late = () => new Error('no answer');
    asking ??= within(DATABASE_WITHIN_MS, question(), late)
      .catch(() => undefined)
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
}
