// One DataSource from a URL: used by the server, the commands, ormconfig.ts and the tests.
import type { TlsOptions } from 'node:tls';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { ALL_ENTITIES } from '../entities/all';
import { Core1700000000001 } from '../migrations/1700000000001-core';
import { RollUps1700000000002 } from '../migrations/1700000000002-roll-ups';
import { ZoneStamps1700000000003 } from '../migrations/1700000000003-zone-stamps';
import { Ledger1700000000004 } from '../migrations/1700000000004-ledger';
import { People1700000000006 } from '../migrations/1700000000006-people';
import { Signals1700000000007 } from '../migrations/1700000000007-signals';
import { Forgetting1700000000008 } from '../migrations/1700000000008-forgetting';
import { Dimensions1700000000009 } from '../migrations/1700000000009-dimensions';
import { Webhooks1700000000010 } from '../migrations/1700000000010-webhooks';
import { Retention1700000000011 } from '../migrations/1700000000011-retention';
import { Citus1700000000012 } from '../migrations/1700000000012-citus';
import { Margin1700000000013 } from '../migrations/1700000000013-margin';
import type { Contraction } from '../migrations/contraction';
import { ledgerContraction } from '../migrations/ledger-contraction';
import { peopleContraction } from '../migrations/people-contraction';
import { isError } from '../values/error-code';
import { pgTypes } from './pg-types';

export interface DataSourceOptions {
  url: string;
  poolSize?: number;
  /** Milliseconds after which PostgreSQL gives up on a statement. 0: never. */
  statementTimeoutMs?: number;
  /** Milliseconds to wait for a connection, a new one or one of the pool. */
  connectTimeoutMs?: number;
  /**
   * One plan per statement, whatever its parameters. The servers' statements need no other plan, and planning takes
   * longer than running. By itself PostgreSQL would plan small batches again, since it guesses that this is cheaper.
   */
  samePlans?: boolean;
  /** PostgreSQL ends a statement whose caller is gone. Some systems (Windows) can't tell PostgreSQL that. */
  endAbandoned?: boolean;
  ssl?: boolean | TlsOptions;
  applicationName?: string;
}

/**
 * Oldest first. A migration that has been released is never edited.
 */
export const MIGRATIONS = [
  Core1700000000001,
  RollUps1700000000002,
  ZoneStamps1700000000003,
  Ledger1700000000004,
  People1700000000006,
  Signals1700000000007,
  Forgetting1700000000008,
  Dimensions1700000000009,
  Webhooks1700000000010,
  Retention1700000000011,
  Citus1700000000012,
  Margin1700000000013,
];

/** What ends an expanding migration once no older server runs. Oldest first. */
export const CONTRACTIONS: readonly Contraction[] = [ledgerContraction, peopleContraction];

const LOOKS_FOR_CALLERS = 'client_connection_check_interval';
const LOOKS_EVERY_MS = 500;

/** True when PostgreSQL refused a session because its system can't detect that a caller is gone. */
export const cannotEndAbandoned = (error: unknown): boolean =>
  isError(error) && error.message.includes(LOOKS_FOR_CALLERS);

/** Sessions are in UTC with ISO dates, whatever the server's or the role's own settings say. */
export function createDataSource(options: DataSourceOptions): DataSource {
  const session = [
    '-c timezone=UTC',
    '-c datestyle=ISO',
    '-c default_transaction_isolation=read\\ committed',
    `-c statement_timeout=${options.statementTimeoutMs ?? 0}`,
    '-c idle_in_transaction_session_timeout=60000',
    // Our statements are short walks along indexes: starting parallel workers or compiling takes longer than they do.
    '-c max_parallel_workers_per_gather=0',
    '-c jit=off',
    ...(options.endAbandoned ? [`-c ${LOOKS_FOR_CALLERS}=${LOOKS_EVERY_MS}`] : []),
    ...(options.samePlans ? ['-c plan_cache_mode=force_generic_plan'] : []),
  ];
  return new DataSource({
    type: 'postgres',
    // Without this TypeORM loads its own copy of pg, whose error classes are not the ones that our checks use.
    driver: pg,
    url: options.url,
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
    applicationName: options.applicationName ?? 'centesimo',
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: options.connectTimeoutMs ?? 3_000,
    entities: ALL_ENTITIES,
    migrations: MIGRATIONS,
    migrationsTableName: 'migrations',
    // Each migration by itself: an index that is built CONCURRENTLY can't share a transaction with the rest.
    migrationsTransactionMode: 'each',
    synchronize: false,
    migrationsRun: false,
    logging: false,
    installExtensions: false,
    extra: {
      types: pgTypes,
      options: session.join(' '),
      keepAlive: true,
    },
  });
}
