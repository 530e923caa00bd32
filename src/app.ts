// The composition root: the only place that makes services.
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from './config';
import type { Database } from './database/database';
import { describeError } from './database/describe-error';
import { Notices } from './database/notices';
import { type OpenDatabase, openDatabase } from './database/open';
import { poolLoad } from './database/pool';
import type { StatementObserver } from './database/sql';
import { within } from './database/within';
import { loadServer } from './http/load-server';
import type { Metrics, Sources } from './http/metrics';
import type { MetricsServer } from './http/metrics-server';
import type { Server, Urls } from './http/server';
import { CustomerImporter } from './services/customers/customer-import';
import { CustomerService } from './services/customers/customer-service';
import { Filler } from './services/jobs/filler';
import { type Job, JobLoop } from './services/jobs/job-loop';
import { ClosingService } from './services/ledger/closing';
import { chargeFilling } from './services/ledger/filling';
import { VoidService } from './services/ledger/voids';
import { Eraser } from './services/people/erasure';
import { Retention } from './services/people/retention';
import { shardsOf } from './services/roll-ups/roll-ups';
import { BudgetService } from './services/signals/budget-service';
import { BudgetWatch } from './services/signals/budget-watch';
import { EventExpiry } from './services/signals/event-expiry';
import { LiveFeed } from './services/signals/live-feed';
import { ServeAdvisor } from './services/signals/serve-decision';
import { WebhookCaller } from './services/signals/webhook-call';
import { WebhookDeliverer } from './services/signals/webhook-deliverer';
import { SecretBox } from './services/signals/webhook-secrets';
import { WebhookService } from './services/signals/webhook-service';
import { WebhookAddresses } from './services/signals/webhook-url';
import { TokenService } from './services/tokens/token-service';
import { keyFilling } from './services/turns/key-filling';
import { SaveMessageService } from './services/turns/save-message';
import { BatchWriter } from './services/turns/write-batch';
import { type QueueObserver, WriteQueue } from './services/turns/write-queue';
import { ClockWatch } from './services/upkeep/clock-watch';
import { ModelPriceFiller } from './services/upkeep/late-prices';
import { Reconciler } from './services/upkeep/reconcile';
import { WorkspaceService } from './services/workspaces/workspace-service';
import { ZoneWatch } from './services/workspaces/zone-stamps';
import { HOUR_MS, MINUTE_MS } from './values/duration';
import type { Clock } from './values/time';

export interface Services {
  readonly clock: Clock;
  readonly workspaces: WorkspaceService;
  readonly customers: CustomerService;
  readonly customerImporter: CustomerImporter;
  readonly saveMessages: SaveMessageService;
  readonly tokens: TokenService;
  readonly modelPriceFiller: ModelPriceFiller;
  readonly reconciler: Reconciler;
  readonly clockWatch: ClockWatch;
  readonly zoneWatch: ZoneWatch;
  readonly voids: VoidService;
  readonly filler: Filler;
  readonly closing: ClosingService;
  readonly budgets: BudgetService;
  readonly budgetWatch: BudgetWatch;
  readonly serveAdvisor: ServeAdvisor;
  readonly eventExpiry: EventExpiry;
  readonly webhooks: WebhookService;
  readonly webhookDeliverer: WebhookDeliverer;
  readonly eraser: Eraser;
  readonly retention: Retention;
  readonly liveFeed: LiveFeed;
  readonly notices: Notices;
  /** Saves the waiting turns, and returns the write path's connections. */
  drain(): Promise<void>;
}

export interface Surroundings {
  clock: Clock;
  logger: Logger;
  /** The number of this process, from 0, among the workers that share its address. */
  worker?: number | undefined;
  /** Sees every statement; for tests. */
  observe?: StatementObserver;
  /** The metrics; by default the server makes its own. */
  metrics?: Metrics;
  /** Saves as on Citus, a workspace at a time, wherever the tables lie; for tests. */
  oneWorkspaceEach?: boolean;
}

const both =
  (one: StatementObserver, other: StatementObserver): StatementObserver =>
  (...seen) => {
    one(...seen);
    other(...seen);
  };

/** Counts a turn after its COMMIT, and notes which workspace and customer it was charged to. */
const watched = (
  watch: BudgetWatch,
  liveFeed: LiveFeed,
  metrics: QueueObserver | undefined,
): QueueObserver => ({
  batch: (turns, durationMs) => metrics?.batch(turns, durationMs),
  settled(settlement, waitedMs) {
    watch.settled(settlement);
    liveFeed.settled(settlement);
    metrics?.settled(settlement, waitedMs);
  },
});

const sourcesOf = (database: Database, services: Services): Sources => ({
  queue: () => services.saveMessages.load,
  pool: () => poolLoad(database.dataSource),
  subscribers: () => services.liveFeed.size,
  tokensExpiringSoon: () => services.tokens.countExpiringSoon(),
  webhookStanding: () => services.webhookDeliverer.standing(),
  clockAheadMs: () => services.clockWatch.aheadMs,
});

export function createServices(
  database: Database & Partial<Pick<OpenDatabase, 'secretsKey'>>,
  config: Config,
  { clock, logger, metrics, worker = 0, oneWorkspaceEach = database.isDistributed }: Surroundings,
): Services {
  const shards = shardsOf(`${hostname()}:${config.port}`, worker, config.writeLanes);
  const writer = new BatchWriter(clock, logger, oneWorkspaceEach);
  const box = new SecretBox(database.secretsKey);
  const addresses = new WebhookAddresses(config.webhookAllowHosts);
  const limits = {
    batchMax: config.writeBatchMax,
    queueMax: config.writeQueueMax,
    queueMaxBytes: config.writeQueueMaxBytes,
  };
  const budgetWatch = new BudgetWatch(database, clock);
  const notices = new Notices(database, logger);
  const liveFeed = new LiveFeed(notices, clock, metrics);
  const changed = (workspaceId: string): void => liveFeed.mark(workspaceId);
  const queue = new WriteQueue(
    database,
    writer,
    limits,
    shards,
    oneWorkspaceEach,
    watched(budgetWatch, liveFeed, metrics),
  );
  return {
    clock,
    workspaces: new WorkspaceService(database, clock),
    customers: new CustomerService(database, clock),
    customerImporter: new CustomerImporter(database, clock),
    saveMessages: new SaveMessageService(queue, clock),
    tokens: new TokenService(database, clock, logger, { cacheMs: config.tokenCacheMs }, notices),
    modelPriceFiller: new ModelPriceFiller(database, clock),
    reconciler: new Reconciler(database, clock, logger, changed),
    clockWatch: new ClockWatch(database, clock, logger),
    zoneWatch: new ZoneWatch(database, clock, logger),
    voids: new VoidService(database, clock, changed),
    filler: new Filler(database, clock, logger, [chargeFilling, keyFilling]),
    closing: new ClosingService(database, clock, logger),
    budgets: new BudgetService(database, clock),
    budgetWatch,
    serveAdvisor: new ServeAdvisor(),
    eventExpiry: new EventExpiry(database, clock),
    webhooks: new WebhookService(database, clock, box, addresses),
    webhookDeliverer: new WebhookDeliverer(
      ...([database, clock, logger, box, new WebhookCaller(addresses), metrics] as const),
    ),
    eraser: new Eraser(database, clock),
    retention: new Retention(database, clock, logger),
    liveFeed,
    notices,
    drain: () => queue.drain(),
  };
}

export interface App extends Readonly<Urls> {
  /** The address of /metrics; undefined without a METRICS_PORT. */
  readonly metricsUrl: string | undefined;
  readonly services: Services;
  readonly database: Database;
  /** Finishes the running requests, then closes everything. */
  stop(): Promise<void>;
}

/** Starts a server on a database that is ready for it. */
export async function startApp(config: Config, surroundings: Surroundings): Promise<App> {
  const { createRateLimits, createServer, Metrics, ownMetrics, startMetricsServer } = loadServer();
  const { clock, logger, metrics = new Metrics() } = surroundings;
  const observe = both(surroundings.observe ?? (() => undefined), metrics.statement);
  const database = await openDatabase(config, 'server', { logger, observe });
  try {
    const services = createServices(database, config, { ...surroundings, metrics });
    metrics.watch(sourcesOf(database, services));
    const server = createServer({ config, services, database, clock, logger, metrics });
    // The primary collects a worker's figures.
    const ownPort = surroundings.worker === undefined ? config : { ...config, metricsPort: undefined };
    const counting = await startMetricsServer(ownPort, ownMetrics(metrics), createRateLimits(config), logger);
    const urls = await server.start().catch(async (error: unknown) => {
      await counting?.stop();
      throw error;
    });
    // Other checks report a database that doesn't answer; the job compares the clocks again later.
    await within(FIRST_LOOK_MS, services.clockWatch.look(), lateLook).catch(() => undefined);
    // One worker of a machine is enough: all have the same zone data.
    if ((surroundings.worker ?? 0) === 0) await compareZones(services, logger);
    const jobs = new JobLoop(jobsOf(config, services, metrics), logger, metrics);
    jobs.start();
    const stop = () => stopAll({ server, services, jobs, counting, database }, config.shutdownTimeoutMs);
    return { services, database, ...urls, metricsUrl: counting?.url, stop };
  } catch (error) {
    await database.close();
    throw error;
  }
}

interface Parts {
  server: Server;
  services: Services;
  jobs: JobLoop;
  counting: MetricsServer | undefined;
  database: OpenDatabase;
}

/** Throws when turns were left unsaved. Their callers got a 503 or no answer. */
async function stopAll(
  { server, services, jobs, counting, database }: Parts,
  timeoutMs: number,
): Promise<void> {
  await server.stop();
  const finish = async (): Promise<void> => {
    await jobs.stop();
    await services.webhookDeliverer.close();
    await services.drain();
    services.liveFeed.close();
    await services.notices.stop();
    await services.tokens.close();
  };
  const late = (): Error =>
    new Error(`The database did not answer within ${timeoutMs} ms: turns were left unsaved.`);
  try {
    await within(timeoutMs, finish(), late);
  } finally {
    // Last, so that Prometheus can read the metrics until the end.
    await counting?.stop();
    await database.close();
  }
}

/** A server that can't compare the zone data (its role may lack the rights) serves anyway. */
const compareZones = (services: Services, logger: Logger): Promise<void> =>
  services.zoneWatch
    .look()
    .catch((error: unknown) =>
      logger.warn({ error: describeError(error) }, 'the zone data could not be compared'),
    );

const FIRST_LOOK_MS = 2_000;
const lateLook = (): Error => new Error('The database did not answer with its clock in time.');
const CLOCK_EVERY_MS = MINUTE_MS;
const EXPIRY_EVERY_MS = HOUR_MS;

/** The jobs, and how often a server looks for due work. */
const jobsOf = (config: Config, services: Services, metrics: Metrics): Job[] => [
  {
    name: 'reconcile',
    everyMs: config.reconcileIntervalMs,
    run: async (signal) => metrics.reconciledTurns(await services.reconciler.run(signal)),
  },
  { name: 'clock', everyMs: CLOCK_EVERY_MS, run: () => services.clockWatch.look() },
  {
    name: 'fill',
    everyMs: config.reconcileIntervalMs,
    run: (signal) => services.filler.run(signal, metrics),
  },
  {
    name: 'close-months',
    everyMs: config.reconcileIntervalMs,
    run: (signal) => services.closing.closeDue(signal),
  },
  { name: 'budgets', everyMs: config.budgetLookIntervalMs, run: () => services.budgetWatch.look() },
  {
    name: 'budget-sweep',
    everyMs: config.reconcileIntervalMs,
    run: (signal) => services.budgetWatch.sweep(signal),
  },
  {
    name: 'webhooks',
    everyMs: config.webhookLookIntervalMs,
    run: () => services.webhookDeliverer.look(),
  },
  {
    name: 'erase',
    everyMs: config.reconcileIntervalMs,
    run: (signal) => services.eraser.runDue(signal),
  },
  {
    name: 'old-texts',
    everyMs: config.reconcileIntervalMs,
    run: (signal) => services.retention.runDue(signal),
  },
  { name: 'expire', everyMs: EXPIRY_EVERY_MS, run: (signal) => services.eventExpiry.run(signal) },
];
