// Reads the environment into a frozen Config, or reports all mistakes at once.
import { SETTINGS, type Setting } from './settings';

type Settings = typeof SETTINGS;
type Value<S> = S extends Setting<infer T> ? T : never;

/** The checked settings. */
export type Config = { readonly [Key in keyof Settings]: Value<Settings[Key]> };

/** Every mistake in the environment: the setting's name, and what is expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly mistakes: readonly string[]) {
    super(
      `The settings have ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`,
    );
  }
}

/** An empty variable counts as not set. Throws ConfigError. */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const mistakes: string[] = [];
  const isProduction = environment.NODE_ENV?.trim() === 'production';
  const read = <T>({ name, schema, fallback, secret }: Setting<T>): T => {
    const given = environment[name]?.trim();
    if (given === undefined || given === '') return fallback;
    const parsed = schema.safeParse(given);
    if (parsed.success) return parsed.data;
    const expected = parsed.error.issues[0]?.message ?? 'another value is expected';
    mistakes.push(`${name}${secret ? '' : `=${JSON.stringify(given)}`}: ${expected}`);
    return fallback;
  };
  const all = readAll(read);
  const sandboxIsSet = (environment[SETTINGS.sandbox.name]?.trim() ?? '') !== '';
  const config = { ...all, sandbox: all.sandbox && (sandboxIsSet || !isProduction) };
  mistakes.push(...contradictions(config));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return Object.freeze(config);
}

/** Each key is written out, so that it keeps its own type. */
function readAll(read: <T>(setting: Setting<T>) => T): Config {
  const s = SETTINGS;
  return {
    ...{ host: read(s.host), port: read(s.port), dataDir: read(s.dataDir), databaseUrl: read(s.databaseUrl) },
    ...{ internalPort: read(s.internalPort), internalHost: read(s.internalHost) },
    ...{
      databaseSsl: read(s.databaseSsl),
      databaseCa: read(s.databaseCa),
      databasePoolSize: read(s.databasePoolSize),
      secretsKey: read(s.secretsKey),
    },
    ...{ webConcurrency: read(s.webConcurrency) },
    ...{
      metricsPort: read(s.metricsPort),
      metricsHost: read(s.metricsHost),
      metricsToken: read(s.metricsToken),
    },
    ...{ migrateAtStart: read(s.migrateAtStart), statementTimeoutMs: read(s.statementTimeoutMs) },
    ...{ requestTimeoutMs: read(s.requestTimeoutMs), shutdownTimeoutMs: read(s.shutdownTimeoutMs) },
    ...{ shutdownDelayMs: read(s.shutdownDelayMs) },
    ...{
      bodyLimitBytes: read(s.bodyLimitBytes),
      writeLanes: read(s.writeLanes),
      writeBatchMax: read(s.writeBatchMax),
    },
    ...{ writeQueueMax: read(s.writeQueueMax), writeQueueMaxBytes: read(s.writeQueueMaxBytes) },
    ...{ overloadLagMs: read(s.overloadLagMs) },
    ...{ readPointsPerSecond: read(s.readPointsPerSecond), heavyReads: read(s.heavyReads) },
    ...{ heavyReadsOfToken: read(s.heavyReadsOfToken), lightReads: read(s.lightReads) },
    ...{ failedLoginsPerMinute: read(s.failedLoginsPerMinute) },
    ...{ trustProxy: read(s.trustProxy), tokenCacheMs: read(s.tokenCacheMs) },
    ...{
      reconcileIntervalMs: read(s.reconcileIntervalMs),
      budgetLookIntervalMs: read(s.budgetLookIntervalMs),
      webhookLookIntervalMs: read(s.webhookLookIntervalMs),
      webhookAllowHosts: read(s.webhookAllowHosts),
      corsOrigins: read(s.corsOrigins),
      sandbox: read(s.sandbox),
    },
    ...{ logLevel: read(s.logLevel), jwtJwksUrl: read(s.jwtJwksUrl), jwtIssuer: read(s.jwtIssuer) },
    ...{ jwtAudience: read(s.jwtAudience), jwtAlgorithms: read(s.jwtAlgorithms) },
    ...{ jwtWorkspacesClaim: read(s.jwtWorkspacesClaim), jwtScopesClaim: read(s.jwtScopesClaim) },
  };
}

function contradictions(config: Config): string[] {
  const found: string[] = [];
  const jwt = [config.jwtJwksUrl, config.jwtIssuer, config.jwtAudience].filter(
    (value) => value !== undefined,
  );
  if (jwt.length !== 0 && jwt.length !== 3) {
    found.push('JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE: all three or none are expected');
  }
  if (config.internalPort !== undefined && config.internalPort !== 0 && config.internalPort === config.port) {
    found.push(`INTERNAL_PORT=${config.internalPort}: another port than PORT is expected`);
  }
  const { metricsPort } = config;
  if (
    metricsPort !== undefined &&
    metricsPort !== 0 &&
    [config.port, config.internalPort].includes(metricsPort)
  ) {
    found.push(`METRICS_PORT=${metricsPort}: another port than PORT and INTERNAL_PORT is expected`);
  }
  if (config.webConcurrency > 1 && config.metricsToken !== undefined && config.metricsPort === undefined) {
    found.push('METRICS_PORT: expected beside METRICS_TOKEN when WEB_CONCURRENCY is more than 1');
  }
  if (config.databaseUrl === undefined && config.databaseSsl !== 'off') {
    found.push('DATABASE_SSL: it is for DATABASE_URL, which is not set');
  }
  if (config.databasePoolSize < config.writeLanes + 2) {
    found.push(
      `DATABASE_POOL_SIZE=${config.databasePoolSize}: at least WRITE_LANES + 2 (${config.writeLanes + 2}) is expected`,
    );
  }
  return found;
}

export interface PrintedSetting {
  name: string;
  fallback: string;
  meaning: string;
  /** The value in force; a secret is masked. */
  value: string;
}

const print = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));

/** Every setting with its default; with a Config also its value in force. */
export function describeSettings(config?: Config): PrintedSetting[] {
  return Object.entries(SETTINGS).map(([key, definition]) => {
    const { name, fallback, meaning } = definition;
    const shown = 'shown' in definition ? definition.shown : print(fallback);
    const value = config?.[key as keyof Config];
    const secret = 'secret' in definition && definition.secret;
    const printed =
      value === undefined || (Array.isArray(value) && value.length === 0)
        ? ''
        : secret
          ? '********'
          : print(value);
    return { name, fallback: shown ?? '', meaning, value: printed };
  });
}

/** The settings as `--help` shows them. */
export const printSettings = (): string =>
  describeSettings()
    .map(({ name, fallback, meaning }) => `  ${name} (default: ${fallback})\n      ${meaning}`)
    .join('\n');

/** The settings as a table of docs/configuration.md. */
export const settingsAsMarkdown = (): string =>
  [
    '| setting | default | meaning |',
    '| --- | --- | --- |',
    ...describeSettings().map(
      ({ name, fallback, meaning }) =>
        `| \`${name}\` | ${fallback === '' ? 'none' : fallback} | ${meaning} |`,
    ),
  ].join('\n');
