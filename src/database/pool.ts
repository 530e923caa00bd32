// How busy the pool is. TypeORM has these figures, but no types for them.
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';

export interface PoolLoad {
  total: number;
  idle: number;
  /** Callers that wait for a connection. */
  waiting: number;
}

export function poolLoad({ driver }: DataSource): PoolLoad {
  if (!(driver instanceof PostgresDriver)) throw new Error('Only PostgreSQL is supported.');
  const pool: Pool | undefined = driver.master;
  return { total: pool?.totalCount ?? 0, idle: pool?.idleCount ?? 0, waiting: pool?.waitingCount ?? 0 };
}
