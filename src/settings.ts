// Every setting: its name, its allowed values, its default and its meaning.
import { z } from 'zod';

export interface Setting<T> {
  /** The environment variable. */
  name: string;
  schema: z.ZodType<T>;
  fallback: T;
  /** The default as a person reads it. */
  shown?: string;
  /** What it is for, with its unit. */
  meaning: string;
  /** Never printed. */
  secret?: boolean;
}

const text = z.string();
const secretText = z
  .string()
  .min(16, 'at least 16 characters are expected')
  .regex(/^\S+$/, 'no spaces are expected');
const flag = z.stringbool({ error: 'true or false is expected' });
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `a whole number from ${min} to ${max} is expected`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `a whole number from ${min} to ${max} is expected`);
const oneOf = <const T extends readonly [string, ...string[]]>(choices: T) =>
  z.enum(choices, { error: `one of ${choices.join(', ')} is expected` });
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const origins = list.refine(
  (all) => all.every((origin) => /^https?:\/\/[^/*\s]+$/.test(origin)),
  'origins such as https://dashboard.example.com, separated by commas, are expected; * is refused',
);
const hostsWithPorts = list
  .transform((all) => all.map((host) => host.toLowerCase()))
  .refine(
    (all) => all.every((host) => /^([a-z0-9._-]+|\[[0-9a-f:.]+\]):\d{1,5}$/.test(host)),
    'hosts with their ports such as n8n:5678, separated by commas, are expected',
  );
const postgresUrl = z
  .string()
  .refine(
    (url) => /^postgres(ql)?:\/\/\S+$/.test(url) && URL.canParse(url),
    'a URL such as postgres://user:password@host:5432/database is expected (special characters of the password percent-encoded)',
  );
const httpUrl = z
  .string()
  .refine(
    (url) => /^https?:\/\/\S+$/.test(url) && URL.canParse(url),
    'a URL such as https://login.example.com/jwks is expected',
  );

const setting = <T>(definition: Setting<T>): Setting<T> => definition;
const optional = (
  definition: Omit<Setting<string | undefined>, 'fallback'>,
): Setting<string | undefined> => ({
  ...definition,
  fallback: undefined,
});

/** All settings by their key in Config, in the order in which documents list them. */
export const SETTINGS = {
  host: setting({
    name: 'HOST',
    schema: text,
    fallback: '127.0.0.1',
    meaning: 'The address to listen on. In a container: 0.0.0.0.',
  }),
  port: setting({
    name: 'PORT',
    schema: wholeNumber(0, 65_535),
    fallback: 3001,
    meaning: 'The port to listen on; 0 takes a free one.',
  }),
  internalPort: setting<number | undefined>({
    name: 'INTERNAL_PORT',
    schema: wholeNumber(0, 65_535),
    fallback: undefined,
    shown: 'off: one listener for all',
    meaning:
      'A second port, and the only one with mutations and for service tokens: keep it where n8n is. PORT then only reads, and has the subscriptions.',
  }),
  internalHost: setting({
    name: 'INTERNAL_HOST',
    schema: text,
    fallback: '127.0.0.1',
    meaning: 'The address to listen on with INTERNAL_PORT.',
  }),
  metricsPort: setting<number | undefined>({
    name: 'METRICS_PORT',
    schema: wholeNumber(0, 65_535),
    fallback: undefined,
    shown: 'off',
    meaning:
      'A port of its own for Prometheus, at /metrics. With WEB_CONCURRENCY it has the sum of all processes.',
  }),
  metricsHost: setting({
    name: 'METRICS_HOST',
    schema: text,
    fallback: '127.0.0.1',
    meaning: 'The address to listen on with METRICS_PORT.',
  }),
  metricsToken: optional({
    name: 'METRICS_TOKEN',
    schema: secretText,
    shown: 'off',
    meaning:
      'Who may read /metrics: Authorization: Bearer with this text. Without METRICS_PORT it is served on PORT.',
    secret: true,
  }),
  dataDir: setting({
    name: 'DATA_DIR',
    schema: text,
    fallback: '.data',
    meaning: 'The folder of the embedded PostgreSQL. Not used with DATABASE_URL.',
  }),
  databaseUrl: optional({
    name: 'DATABASE_URL',
    schema: postgresUrl,
    shown: 'the embedded PostgreSQL',
    meaning: 'A PostgreSQL of your own, 15 or newer.',
    secret: true,
  }),
  databaseSsl: setting({
    name: 'DATABASE_SSL',
    schema: oneOf(['off', 'require', 'verify-full']),
    fallback: 'off',
    meaning:
      'TLS to DATABASE_URL: off; require (encrypted, the server is not checked); verify-full (the certificate is checked).',
  }),
  databaseCa: optional({
    name: 'DATABASE_CA',
    schema: text,
    shown: "Node's own authorities",
    meaning: "A PEM file with the authority that signed the database's certificate.",
  }),
  secretsKey: optional({
    name: 'SECRETS_KEY',
    schema: z
      .string()
      .min(32, 'at least 32 characters are expected, such as those of: openssl rand -base64 32')
      .regex(/^\S+$/, 'no spaces are expected'),
    shown: 'with the embedded PostgreSQL: its own, in DATA_DIR; otherwise webhooks are off',
    meaning:
      "What webhooks' URLs and secrets are sealed with in the database. The same for all servers of one database; keep it with the backups.",
    secret: true,
  }),
  databasePoolSize: setting({
    name: 'DATABASE_POOL_SIZE',
    schema: wholeNumber(4, 500),
    fallback: 20,
    meaning: 'Connections a process holds at most, those of the write path included.',
  }),
  migrateAtStart: setting({
    name: 'MIGRATE_AT_START',
    schema: flag,
    fallback: true,
    meaning: 'Bring the database to this version when the server starts. Off: run `migrate` yourself.',
  }),
  statementTimeoutMs: setting({
    name: 'STATEMENT_TIMEOUT_MS',
    schema: wholeNumber(100, 3_600_000),
    fallback: 10_000,
    meaning: 'Milliseconds after which PostgreSQL gives up on a statement. Exports are exempt.',
  }),
  requestTimeoutMs: setting({
    name: 'REQUEST_TIMEOUT_MS',
    schema: wholeNumber(1_000, 600_000),
    fallback: 15_000,
    meaning: 'Milliseconds in which a request must have arrived whole.',
  }),
  shutdownTimeoutMs: setting({
    name: 'SHUTDOWN_TIMEOUT_MS',
    schema: wholeNumber(1_000, 600_000),
    fallback: 10_000,
    meaning: 'Milliseconds that requests in flight get when the server is stopped.',
  }),
  shutdownDelayMs: setting({
    name: 'SHUTDOWN_DELAY_MS',
    schema: wholeNumber(0, 600_000),
    fallback: 0,
    meaning:
      'Milliseconds for which a server that is stopped is not ready but still takes callers: as long as a balancer needs to look elsewhere.',
  }),
  bodyLimitBytes: setting({
    name: 'BODY_LIMIT_BYTES',
    schema: wholeNumber(1_024, 104_857_600),
    fallback: 4_194_304,
    meaning: "Bytes of a request's body; larger ones get 413.",
  }),
  webConcurrency: setting({
    name: 'WEB_CONCURRENCY',
    schema: wholeNumber(1, 64),
    fallback: 1,
    meaning:
      'Processes that serve, at most one a core. Pools, queues and rates (DATABASE_POOL_SIZE, WRITE_*, READ_POINTS_PER_SECOND, HEAVY_READS, LIGHT_READS) are those of each.',
  }),
  writeLanes: setting({
    name: 'WRITE_LANES',
    schema: wholeNumber(1, 8),
    fallback: 2,
    meaning: 'Batches of saves in flight at once, each on a connection of its own.',
  }),
  writeBatchMax: setting({
    name: 'WRITE_BATCH_MAX',
    schema: wholeNumber(1, 10_000),
    fallback: 500,
    meaning: 'Turns a batch.',
  }),
  writeQueueMax: setting({
    name: 'WRITE_QUEUE_MAX',
    schema: wholeNumber(1, 1_000_000),
    fallback: 5_000,
    meaning: 'Turns that may wait to be saved; beyond it callers get 503 at once.',
  }),
  writeQueueMaxBytes: setting({
    name: 'WRITE_QUEUE_MAX_BYTES',
    schema: wholeNumber(1_048_576, 4_294_967_296),
    fallback: 67_108_864,
    meaning: 'Bytes of turns that may wait.',
  }),
  overloadLagMs: setting({
    name: 'OVERLOAD_LAG_MS',
    schema: wholeNumber(10, 60_000),
    fallback: 500,
    meaning:
      'Milliseconds that the process may be late while many saves are under way; beyond it further ones get 503 at once.',
  }),
  readPointsPerSecond: setting({
    name: 'READ_POINTS_PER_SECOND',
    schema: wholeNumber(1, 1_000_000_000),
    fallback: 20_000,
    meaning:
      "Points a second that one token's reads may cost, five seconds together; beyond it 429 (docs/security.md#points). Saves are never counted.",
  }),
  heavyReads: setting({
    name: 'HEAVY_READS',
    schema: wholeNumber(1, 100),
    fallback: 2,
    meaning:
      'Large reads at once, and a quarter of them (1 at least) while turns are being saved; the rest waits 2 s at most, then 429.',
  }),
  heavyReadsOfToken: setting({
    name: 'HEAVY_READS_OF_TOKEN',
    schema: wholeNumber(1, 100),
    fallback: 1,
    meaning: 'Large reads of one token at once.',
  }),
  lightReads: setting({
    name: 'LIGHT_READS',
    schema: wholeNumber(1, 100),
    fallback: 4,
    meaning:
      'Other reads at once, and a quarter of them (1 at least) while turns are being saved; the rest waits 2 s at most, then 429.',
  }),
  failedLoginsPerMinute: setting({
    name: 'FAILED_LOGINS_PER_MINUTE',
    schema: wholeNumber(1, 1_000_000),
    fallback: 20,
    meaning: 'Refused tokens a minute that one address gets; beyond it 429.',
  }),
  trustProxy: setting({
    name: 'TRUST_PROXY',
    schema: flag,
    fallback: false,
    meaning:
      "Take the caller's address from the last entry of X-Forwarded-For. Only behind a proxy that sets or adds it.",
  }),
  tokenCacheMs: setting({
    name: 'TOKEN_CACHE_MS',
    schema: wholeNumber(0, 5_000),
    fallback: 5_000,
    meaning:
      "Milliseconds for which a token's check is remembered. Revocations reach every server within a second all the same.",
  }),
  reconcileIntervalMs: setting({
    name: 'RECONCILE_INTERVAL_MS',
    schema: wholeNumber(100, 86_400_000),
    fallback: 60_000,
    meaning:
      'Milliseconds between two looks for work that is due: charges that failed (DEFERRED), budgets whose charges nobody looked at.',
  }),
  budgetLookIntervalMs: setting({
    name: 'BUDGET_LOOK_INTERVAL_MS',
    schema: wholeNumber(100, 86_400_000),
    fallback: 1_000,
    meaning: 'Milliseconds between two looks at the budgets of whom this process has just charged.',
  }),
  webhookLookIntervalMs: setting({
    name: 'WEBHOOK_LOOK_INTERVAL_MS',
    schema: wholeNumber(100, 86_400_000),
    fallback: 1_000,
    meaning: 'Milliseconds between two looks for events that webhooks are to be told.',
  }),
  webhookAllowHosts: setting<string[]>({
    name: 'WEBHOOK_ALLOW_HOSTS',
    schema: hostsWithPorts,
    fallback: [],
    shown: 'none',
    meaning:
      'Receivers that webhooks may call inside of the own network, and by http, as host:port, separated by commas: n8n:5678.',
  }),
  corsOrigins: setting<string[]>({
    name: 'CORS_ORIGINS',
    schema: origins,
    fallback: [],
    shown: 'none',
    meaning: 'Origins of web pages that may call, exact, separated by commas.',
  }),
  sandbox: setting({
    name: 'SANDBOX',
    schema: flag,
    fallback: true,
    shown: 'true; false with NODE_ENV=production',
    meaning: 'Serve Apollo Sandbox at /graphql, let its hosted page call, and serve GraphiQL at /graphiql.',
  }),
  logLevel: setting({
    name: 'LOG_LEVEL',
    schema: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    fallback: 'info',
    meaning: 'What is logged.',
  }),
  jwtJwksUrl: optional({
    name: 'JWT_JWKS_URL',
    schema: httpUrl,
    shown: 'off',
    meaning:
      "Where the keys of your login's JSON Web Tokens are. Set together with JWT_ISSUER and JWT_AUDIENCE.",
  }),
  jwtIssuer: optional({
    name: 'JWT_ISSUER',
    schema: text,
    shown: 'off',
    meaning: 'The issuer (iss) that tokens must name.',
  }),
  jwtAudience: optional({
    name: 'JWT_AUDIENCE',
    schema: text,
    shown: 'off',
    meaning: 'The audience (aud) that tokens must name.',
  }),
  jwtAlgorithms: setting<string[]>({
    name: 'JWT_ALGORITHMS',
    schema: list.refine(
      (all) => all.every((name) => /^(RS|PS|ES)(256|384|512)$|^EdDSA$/.test(name)),
      'asymmetric algorithms such as RS256, separated by commas, are expected',
    ),
    fallback: ['RS256'],
    meaning: 'Signatures that are accepted.',
  }),
  jwtWorkspacesClaim: setting({
    name: 'JWT_WORKSPACES_CLAIM',
    schema: text,
    fallback: 'workspaces',
    meaning: 'The claim with the ids of the workspaces a person may read.',
  }),
  jwtScopesClaim: setting({
    name: 'JWT_SCOPES_CLAIM',
    schema: text,
    fallback: 'scope',
    meaning: 'The claim with the scopes; write scopes are never taken from it.',
  }),
} as const;
