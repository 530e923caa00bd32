// The statement of one closed month as a file.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../database/database';
import type { Snapshot } from '../../database/snapshot';
import { AppError, badInput } from '../../errors';
import { findStatement } from '../../services/ledger/statements';
import { copyLines, readLines } from '../../services/paper/lines';
import { makePdf, STATEMENT_FORMATS } from '../../services/paper/paper';
import { LANGUAGES } from '../../services/paper/words';
import { getCallersWorkspace } from '../../services/workspaces/workspaces';
import { resolvePeriod } from '../../values/period';
import { announceFile, sendRows, whenGone } from './files';
import { allow, one, oneOf, preferred, type RestRequest } from './parameters';

/** docs/rest.md#statements */
export async function sendStatement(
  database: Database,
  { params, query, headers, principal }: FastifyRequest<RestRequest>,
  reply: FastifyReply,
  snapshot: Snapshot,
): Promise<FastifyReply> {
  allow(query, ['format', 'lang']);
  const format = oneOf('format', one(query, 'format')?.toLowerCase(), STATEMENT_FORMATS) ?? 'pdf';
  const asked = oneOf('lang', one(query, 'lang')?.toLowerCase(), LANGUAGES);
  if (asked && format !== 'pdf') throw badInput('lang is for format=pdf. Leave it out, or ask for PDF.');
  const workspace = await getCallersWorkspace(snapshot, params.workspaceId, snapshot.asOf);
  const { month = '' } = params;
  resolvePeriod({ month }, workspace.timeZone, snapshot.asOf);
  const statement = await findStatement(snapshot, workspace.id, month);
  if (!statement) throw notClosed(month);
  const name = `${workspace.id}-statement-${month}`;
  const gone = whenGone(reply);
  if (format !== 'pdf') {
    // The file streams from a connection of its own, so this snapshot's connection is given back.
    await snapshot.end();
    const { file, found } = await copyLines(database, statement, format, {
      reader: principal?.id,
      signal: gone,
    });
    return sendRows(reply, { file, summary: found }, name, format);
  }
  const lines = await readLines(snapshot, statement);
  await snapshot.end();
  const language = asked ?? preferred(headers['accept-language'], LANGUAGES) ?? 'en';
  const pdf = await makePdf({ language, shop: workspace.name, statement, ...lines }, gone);
  announceFile(reply, name, format);
  reply.header('content-language', language).header('vary', 'Authorization, Accept-Language, Origin');
  return reply.send(pdf);
}

const notClosed = (month: string): AppError =>
  new AppError('NOT_FOUND', `There is no statement of ${month}: the month is not closed.`);
