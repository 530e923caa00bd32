// Charges, clients or turns of a period as a file.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type DocumentNode, parse } from 'graphql';
import type { Database } from '../../database/database';
import type { Snapshot } from '../../database/snapshot';
import type { ScopeChoice } from '../../services/analytics/scope';
import {
  EXPORT_LISTS,
  type ExportList,
  type ExportRequest,
  startExport,
} from '../../services/exports/exports';
import { CSV_DIALECTS, EXPORT_FORMATS } from '../../services/exports/form';
import { getCallersWorkspace } from '../../services/workspaces/workspaces';
import type { Period } from '../../values/period';
import { localDate } from '../../values/time';
import { sendRows, whenGone } from './files';
import {
  allow,
  choiceOf,
  one,
  oneOf,
  PERIOD_PARAMETERS,
  type RestQuery,
  type RestRequest,
} from './parameters';

interface AskedExport extends Omit<ExportRequest, 'reader'> {
  choice: ScopeChoice;
}

/** Throws BAD_USER_INPUT. */
export function askExport(query: RestQuery): AskedExport {
  allow(query, [...PERIOD_PARAMETERS, 'what', 'format', 'dialect']);
  return {
    what: oneOf('what', one(query, 'what')?.toLowerCase(), EXPORT_LISTS) ?? 'records',
    format: oneOf('format', one(query, 'format')?.toLowerCase(), EXPORT_FORMATS) ?? 'csv',
    dialect: oneOf('dialect', one(query, 'dialect')?.toLowerCase(), CSV_DIALECTS),
    choice: choiceOf(query),
  };
}

const HEAD = 'query ($workspaceId: ID!, $period: PeriodInput, $timeZone: TimeZone)';
const ASKED = 'workspaceId: $workspaceId, period: $period, timeZone: $timeZone';

/**
 * A GraphQL query for what is counted before the first row, to compute the export's cost. The rows themselves take one
 * of the places for exports.
 */
export const COUNTED: Readonly<Record<ExportList, DocumentNode>> = {
  records: parse(`${HEAD} { usageRecords(${ASKED}, first: 1) { totalCount } }`),
  clients: parse(`${HEAD} { usage(${ASKED}) { clients(first: 1) { totalCount } } }`),
  messages: parse(`${HEAD} { messages(${ASKED}, first: 1) { totalCount } }`),
};

/** docs/rest.md#exports. The caller has checked who may read it. */
export async function sendExport(
  database: Database,
  { choice, ...asked }: AskedExport,
  {
    request,
    reply,
    snapshot,
  }: {
    request: FastifyRequest<RestRequest>;
    reply: FastifyReply;
    snapshot: Snapshot;
  },
): Promise<FastifyReply> {
  const workspace = await getCallersWorkspace(snapshot, request.params.workspaceId, snapshot.asOf);
  // It streams from a connection of its own; this one is not held meanwhile.
  await snapshot.end();
  const options = { ...asked, reader: request.principal?.id };
  const made = await startExport(database, workspace, choice, options, snapshot.asOf, whenGone(reply));
  const list = asked.what === 'records' ? '' : `${asked.what}-`;
  return sendRows(reply, made, `${workspace.id}-${list}${nameOf(made.period)}`, asked.format);
}

/** The part of a file's name: 2025-01-06, 2025-01, 2025, or the first and last day of another period. */
function nameOf({ from, to, kind, timeZone }: Period): string {
  const first = localDate(from, timeZone);
  if (kind === 'day') return first;
  if (kind === 'month') return first.slice(0, 7);
  if (kind === 'year') return first.slice(0, 4);
  return `${first}-to-${localDate(new Date(to.getTime() - 1), timeZone)}`;
}
