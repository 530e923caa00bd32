import type { Command } from 'commander';
import { badInput } from '../errors';
import { type AuditEntry, type ListedAuditEntry, listAudit } from '../services/audit';
import { formatInstant, parseInstant } from '../values/time';
import type { Cli } from './cli';
import { example } from './how-to-run';
import { wholeNumber } from './token';

const LONGEST_LIST = 10_000;

interface Options {
  workspace?: string;
  subject?: string;
  since?: string;
  limit: number;
}

export const auditCommand = (cli: Cli): Command =>
  cli
    .command(
      'audit',
      'who changed what: tokens, prices, customers, workspaces, budgets, months; newest first',
    )
    .option('--workspace <id>', 'only what concerns this workspace')
    .option('--subject <id>', 'only what was done to this token, customer or workspace')
    .option('--since <instant>', 'only from then on, RFC 3339 with an offset')
    .option('--limit <count>', `how many entries, 1 to ${LONGEST_LIST}`, wholeNumber, 50)
    .addHelpText('after', example('audit --workspace shop --since 2027-01-01T00:00:00+01:00'))
    .action(async ({ workspace, subject, since, limit }: Options) => {
      if (limit < 1 || limit > LONGEST_LIST) throw badInput(`--limit is 1 to ${LONGEST_LIST}; got ${limit}.`);
      const from = since === undefined ? undefined : parseInstant(since);
      await cli.run(async ({ sql, output }) => {
        const entries = await listAudit(sql, { workspaceId: workspace, subject, since: from, limit });
        output.table(
          entries.map((entry) => ({ ...entry, at: formatInstant(entry.at), actor: entry.actor.name })),
          entries.map((entry) => ({
            AT: formatInstant(entry.at),
            WHO: whoOf(entry),
            ACTION: entry.action,
            WORKSPACE: entry.workspaceId ?? '',
            SUBJECT: entry.subject,
            CHANGE: changeOf(entry),
          })),
          'No entries.',
        );
      });
    });

const whoOf = ({ actor, tokenName }: ListedAuditEntry): string =>
  tokenName === null ? actor.name : `${tokenName} (${actor.name})`;

/** What differs, as "field: from -> to". Fields that the change does not mention are left out. */
function changeOf({ before, after }: AuditEntry): string {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return fields.flatMap((field) => differenceOf(field, before, after)).join(', ');
}

function differenceOf(field: string, before: AuditEntry['before'], after: AuditEntry['after']): string[] {
  const [from, to] = [before?.[field], after?.[field]].map((value) => JSON.stringify(value));
  if (before === null) return [`${field}: ${to}`];
  if (after === null) return [`${field}: ${from} -> gone`];
  if (to === undefined || from === to) return [];
  return [`${field}: ${from ?? 'none'} -> ${to}`];
}
