import type { Command } from 'commander';
import { DateTime } from 'luxon';
import { Snapshot } from '../database/snapshot';
import { findGrowth } from '../services/analytics/growth';
import { findMargin } from '../services/analytics/margin';
import { findOutcomes } from '../services/analytics/outcomes';
import { findPeakHours } from '../services/analytics/peak-hours';
import { findScope, type UsageScope } from '../services/analytics/scope';
import { findTopClients } from '../services/analytics/top-clients';
import { findTotals } from '../services/analytics/totals';
import { findSinceClosing } from '../services/ledger/since-closing';
import { findStatement } from '../services/ledger/statements';
import { getWorkspace } from '../services/workspaces/workspaces';
import { formatMicros, formatRatio, parseAmount } from '../values/money';
import { formatInstant } from '../values/time';
import type { Cli, CommandContext } from './cli';
import { example } from './how-to-run';
import { alignAmounts } from './output';

interface ReportOptions {
  workspace: string;
  month?: string;
}

export const reportCommand = (cli: Cli): Command =>
  cli
    .command('report', "a month's figures in the terminal")
    .requiredOption('--workspace <id>', 'the workspace')
    .option('--month <month>', 'a calendar month, such as 2025-01 (default: this one)')
    .addHelpText('after', example('report --workspace shop --month 2025-01'))
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
  const margin = await findMargin(snapshot, scope);
  const amount = amountOf(scope);
  const statement = await statementOf(snapshot, scope, options.month);
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
    margin: margin && {
      llmCost: amount(margin.llmMicros),
      channelCost: amount(margin.channelMicros),
      margin: amount(margin.marginMicros),
      coverage: margin.coverage,
    },
    statement,
  };
  output.result(value, sentence(scope, snapshot.asOf, value));
}

/** A closed month beside its usage of today, with the causes of the difference. */
interface ClosedMonth {
  number: number;
  total: string;
  own: string;
  carried: string;
  cameLate: string;
  takenBack: string;
  zoneChanged: string;
}

async function statementOf(
  snapshot: Snapshot,
  scope: UsageScope,
  month: string | undefined,
): Promise<ClosedMonth | null> {
  const found = month === undefined ? undefined : await findStatement(snapshot, scope.workspace.id, month);
  if (!found) return null;
  const [since] = await findSinceClosing(snapshot, scope.workspace, [found], snapshot.asOf);
  if (!since) return null;
  const amount = amountOf(scope);
  return {
    number: found.number,
    total: amount(found.totalMicros),
    own: amount(since.ownMicros),
    carried: amount(found.carriedMicros),
    cameLate: amount(since.cameLateMicros),
    takenBack: amount(since.takenBackMicros),
    zoneChanged: amount(since.zoneChangedMicros),
  };
}

interface Report {
  cost: string;
  currency: string;
  messages: number;
  activeClients: number;
  growthPercent: string | null;
  peakHour: string | null;
  topClients: { rank: number; name: string; messages: number; cost: string }[];
  outcomes: Record<string, number>;
  /** Null when no cost is known. */
  margin: { llmCost: string; channelCost: string; margin: string; coverage: string } | null;
  statement: ClosedMonth | null;
}

function sentence(scope: UsageScope, asOf: Date, report: Report): string {
  const money = (amount: string): string => `${amount} ${report.currency}`;
  const growth =
    report.growthPercent === null
      ? 'nothing to compare with'
      : `${report.growthPercent} % against the month before`;
  const amounts = alignAmounts(report.topClients.map(({ cost }) => cost)).map(money);
  const lines = [
    `${scope.workspace.name}, ${monthWords(scope, asOf)}`,
    '',
    `  Cost            ${money(report.cost)}`,
    `  Charged turns   ${report.messages} (${growth})`,
    `  Active clients  ${report.activeClients}`,
    `  Peak hour       ${report.peakHour ?? 'none'}`,
    ...(report.margin ? [marginWords(report.margin, money)] : []),
    '',
    ...report.topClients.map(
      ({ rank, name, messages }, index) =>
        `  ${String(rank).padStart(3)}  ${name.padEnd(28)} ${String(messages).padStart(7)}  ${amounts[index] ?? ''}`,
    ),
    '',
    ...Object.entries(report.outcomes).map(([outcome, messages]) => `  ${outcome.padEnd(18)} ${messages}`),
  ];
  if (report.statement) lines.push('', ...statementWords(report.statement, report.cost, money));
  return lines.join('\n');
}

/** "January 2025 (Europe/Rome)"; for the running month also the present local time. */
function monthWords({ period, workspace }: UsageScope, asOf: Date): string {
  const local = (at: Date) => DateTime.fromJSDate(at, { zone: period.timeZone }).setLocale('en');
  const end = local(period.to < asOf ? period.to : asOf);
  const month = local(period.from).toFormat('LLLL yyyy');
  const isOver = end.toMillis() === local(period.from).plus({ months: 1 }).toMillis();
  return isOver
    ? `${month} (${workspace.timeZone})`
    : `${month}, until ${end.toFormat('d LLLL, HH:mm')} (${workspace.timeZone})`;
}

function marginWords(
  { llmCost, channelCost, margin, coverage }: NonNullable<Report['margin']>,
  money: (amount: string) => string,
): string {
  const known =
    coverage === '1' ? 'of all answered turns' : `of ${percent(coverage)} % of the answered turns`;
  return `  Margin          ${money(margin)} (models ${money(llmCost)}, channel ${money(channelCost)}, ${known})`;
}

/** '0.9874' as '98.74'. */
const percent = (fraction: string): string =>
  formatMicros(parseAmount(fraction) * 100n, 'EUR').replace(/\.?0+$/, '');

const amountOf =
  ({ workspace }: UsageScope) =>
  (micros: bigint): string =>
    formatMicros(micros, workspace.currency);

const percentOf = (current: bigint, previous: bigint): string | null =>
  previous === 0n ? null : formatRatio((current - previous) * 100n, previous, 2);

function statementWords(statement: ClosedMonth, cost: string, money: (amount: string) => string): string[] {
  const lines: [words: string, amount: string][] = [
    [`Statement ${statement.number}, closed`, statement.total],
    ['  of it carried from before', statement.carried],
    ['  of it this month', statement.own],
    ['  came late since', statement.cameLate],
    ['  was taken back since', statement.takenBack],
    ['  moved by a change of zone', statement.zoneChanged],
    ["  makes the month's usage today", cost],
  ];
  const amounts = alignAmounts(lines.map(([, amount]) => amount));
  return lines.map(([words], index) => `  ${words.padEnd(32)} ${money(amounts[index] ?? '')}`);
}
