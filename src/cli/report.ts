import type { Command } from 'commander';
import { Snapshot } from '../database/snapshot';
import { findGrowth } from '../services/analytics/growth';
import { findOutcomes } from '../services/analytics/outcomes';
import { findPeakHours } from '../services/analytics/peak-hours';
import { findScope, type UsageScope } from '../services/analytics/scope';
import { findTopClients } from '../services/analytics/top-clients';
import { findTotals } from '../services/analytics/totals';
import { getWorkspace } from '../services/workspaces/workspaces';
import { formatMicros, formatRatio } from '../values/money';
import { formatInstant } from '../values/time';
import type { Cli, CommandContext } from './cli';

interface ReportOptions {
  workspace: string;
  month?: string;
}

export const reportCommand = (cli: Cli): Command =>
  cli
    .command('report', "a month's figures in the terminal")
    .requiredOption('--workspace <id>', 'the workspace')
    .option('--month <month>', 'a calendar month, such as 2025-01 (default: this one)')
    .addHelpText('after', '\nExample:\n  centesimo report --workspace shop --month 2025-01')
    .action((options: ReportOptions) =>
      cli.run(async (context) => {
        const snapshot = new Snapshot(context.database, context.services.clock());
        try {
          await report(context, snapshot, options);
        } finally {
          await snapshot.end();
        }
      }),
    );

async function report({ output }: CommandContext, snapshot: Snapshot, options: ReportOptions): Promise<void> {
  await getWorkspace(snapshot, options.workspace, snapshot.asOf);
  const scope = await findScope(
    snapshot,
    options.workspace,
    { period: { month: options.month } },
    snapshot.asOf,
  );
  const totals = await findTotals(snapshot, scope);
  const growth = await findGrowth(snapshot, scope, 'SAME_ELAPSED');
  const clients = await findTopClients(snapshot, scope, 10, 'COST');
  const [peak] = await findPeakHours(snapshot, scope, 1);
  const outcomes = await findOutcomes(snapshot, scope);
  const amount = amountOf(scope);
  const change = percentOf(growth.messages.current, growth.messages.previous);
  const value = {
    workspaceId: scope.workspace.id,
    from: formatInstant(scope.period.from),
    to: formatInstant(scope.period.to),
    timeZone: scope.period.timeZone,
    cost: amount(totals.costMicros),
    currency: scope.workspace.currency,
    messages: Number(totals.messages),
    activeClients: Number(totals.activeClients),
    growthPercent: change,
    peakHour: peak?.label ?? null,
    topClients: clients.map((client) => ({
      rank: client.rank,
      name: client.customer.name,
      messages: Number(client.messages),
      cost: amount(client.costMicros),
    })),
    outcomes: Object.fromEntries(outcomes.map(({ outcome, messages }) => [outcome, Number(messages)])),
  };
  output.result(value, sentence(scope, value));
}

function sentence(
  scope: UsageScope,
  value: {
    cost: string;
    currency: string;
    messages: number;
    activeClients: number;
    growthPercent: string | null;
    peakHour: string | null;
    topClients: { rank: number; name: string; messages: number; cost: string }[];
    outcomes: Record<string, number>;
  },
): string {
  const growth =
    value.growthPercent === null
      ? 'nothing to compare with'
      : `${value.growthPercent} % against the month before`;
  const lines = [
    `${scope.workspace.name}, ${formatInstant(scope.period.from)} to ${formatInstant(scope.period.to)} (${scope.period.timeZone})`,
    '',
    `  Cost            ${value.cost} ${value.currency}`,
    `  Charged turns   ${value.messages} (${growth})`,
    `  Active clients  ${value.activeClients}`,
    `  Peak hour       ${value.peakHour ?? 'none'}`,
    '',
    ...value.topClients.map(
      ({ rank, name, messages, cost }) =>
        `  ${String(rank).padStart(3)}  ${name.padEnd(28)} ${String(messages).padStart(7)}  ${cost.padStart(10)}`,
    ),
    '',
    ...Object.entries(value.outcomes).map(([outcome, messages]) => `  ${outcome.padEnd(18)} ${messages}`),
  ];
  return lines.join('\n');
}

const amountOf =
  ({ workspace }: UsageScope) =>
  (micros: bigint): string =>
    formatMicros(micros, workspace.currency);

const percentOf = (current: bigint, previous: bigint): string | null =>
  previous === 0n ? null : formatRatio((current - previous) * 100n, previous, 2);
