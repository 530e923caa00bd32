import { readFileSync } from 'node:fs';
import type { Config } from '../config';
import type { DataSourceOptions } from './data-source';

/** How DATABASE_SSL and DATABASE_CA are told to the driver. Reads the authority's file. */
export function tlsOf({
  databaseSsl,
  databaseCa,
}: Pick<Config, 'databaseSsl' | 'databaseCa'>): Pick<DataSourceOptions, 'ssl'> {
  if (databaseSsl === 'off') return {};
  const ca = databaseCa === undefined ? {} : { ca: readFileSync(databaseCa, 'utf8') };
  return { ssl: { rejectUnauthorized: databaseSsl === 'verify-full', ...ca } };
}
