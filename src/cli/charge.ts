import type { Command } from 'commander';
import { badInput } from '../errors';
import { getWorkspace } from '../services/workspaces/workspaces';
import { formatMicros } from '../values/money';
import { parseInstant, startOfLocalDay } from '../values/time';
import { type Cli, type CommandContext, OPERATOR } from './cli';
import { confirm } from './confirm';
import { example } from './how-to-run';
import { progressLine } from './progress';

export const chargeCommand = (cli: Cli): Command =>
  cli.group('charge', 'what turns cost', [voidCharges(cli)]);

interface VoidOptions {
  workspace: string;
  id?: string;
  from?: string;
  to?: string;
  customer?: string;
  reason: string;
  yes?: boolean;
}

const voidCharges = (cli: Cli): Command =>
  cli
    .command('void', 'take charges back by reversals; one that was taken back before stays as it is')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--reason <text>', 'why, for whoever reads the statement; 1 to 500 characters')
    .option('--id <id>', 'this charge: the id of a usage record')
    .option('--from <instant>', "or those of turns since then: RFC 3339, or a day of the workspace's zone")
    .option('--to <instant>', 'before then')
    .option('--customer <id>', 'of this customer only')
    .option('--yes', 'without being asked')
    .addHelpText(
      'after',
      `\nBroken off, the same call goes on with what is left.\n${example('charge void --workspace shop --from 2026-10-03 --to 2026-10-04 --reason "test traffic"')}`,
    )
    .action((options: VoidOptions) =>
      cli.run((context) =>
        options.id === undefined ? voidMany(context, options) : voidOne(context, options, options.id),
      ),
    );

async function voidOne({ services, output, sql }: CommandContext, options: VoidOptions, id: string) {
  const { workspace, reason, from, to, customer } = options;
  if (from ?? to ?? customer)
    throw badInput('Give --id, or --from and --to with or without --customer; not both.');
  await getWorkspace(sql, workspace, services.clock());
  await confirm(`Take the charge ${id} back?`, options.yes);
  const { record, replayed } = await services.voids.void(workspace, { usageRecordId: id, reason }, OPERATOR);
  const amount = formatMicros(record.amountMicros, record.currency);
  output.result(
    { id: record.id, amount, currency: record.currency, voided: record.voided, replayed },
    replayed
      ? `${record.id} had been taken back before: nothing was written.`
      : `Took back ${record.id}: ${amount} ${record.currency}.`,
  );
}

async function voidMany({ services, output, sql }: CommandContext, options: VoidOptions) {
  const { reason, from, to, customer } = options;
  if (from === undefined || to === undefined) throw badInput('Give --id, or both --from and --to.');
  const workspace = await getWorkspace(sql, options.workspace, services.clock());
  const range = {
    from: instantOf(from, workspace.timeZone),
    to: instantOf(to, workspace.timeZone),
    customerId: customer,
  };
  const open = await services.voids.count(workspace.id, range);
  const shown = (micros: bigint) => `${formatMicros(micros, workspace.currency)} ${workspace.currency}`;
  if (open.voided > 0)
    await confirm(`Take back ${open.voided} charges of ${shown(open.amountMicros)}?`, options.yes);
  const done = await services.voids.voidMany(workspace.id, range, reason, OPERATOR, progressLine('charges'));
  output.result(
    {
      voided: done.voided,
      amount: formatMicros(done.amountMicros, workspace.currency),
      currency: workspace.currency,
    },
    `Took back ${done.voided} charges of ${shown(done.amountMicros)}.`,
  );
}

/** A date means the start of that local day. */
const instantOf = (text: string, timeZone: string): Date =>
  /^\d{4}-\d{2}-\d{2}$/.test(text)
    ? startOfLocalDay(parseInstant(`${text}T00:00:00Z`).toISOString().slice(0, 10), timeZone)
    : parseInstant(text);
