import { type Command, InvalidArgumentError, Option } from 'commander';
import { badInput } from '../errors';
import {
  type BudgetState,
  findBudgetStates,
  remainingOf,
  usedPercentOf,
} from '../services/signals/budget-states';
import {
  BUDGET_INTERVALS,
  BUDGET_MEASURES,
  BUDGET_SUBJECTS,
  type Budget,
  type BudgetInterval,
  type BudgetMeasure,
  type BudgetSubject,
  describeBudget,
  formatUnits,
  listBudgets,
} from '../services/signals/budgets';
import { getWorkspace } from '../services/workspaces/workspaces';
import { formatInstant } from '../values/time';
import { type Cli, OPERATOR } from './cli';
import { example, toType } from './how-to-run';
import { wholeNumber } from './token';

export const budgetCommand = (cli: Cli): Command =>
  cli.group('budget', 'limits on what is charged in a day, week or month', [
    set(cli),
    list(cli),
    remove(cli),
  ]);

interface SetOptions {
  workspace: string;
  name: string;
  limit: string;
  measure: BudgetMeasure;
  interval: BudgetInterval;
  subject: BudgetSubject;
  customer?: string;
  threshold?: number[];
  forecast?: boolean;
  stop?: boolean;
}

/** Accepts one of these words, in upper or lower case. */
const oneOf = <T extends string>(flags: string, about: string, choices: readonly T[], fallback: T): Option =>
  new Option(flags, about)
    .choices(choices.map((choice) => choice.toLowerCase()))
    .argParser((text): T => {
      const found = choices.find((choice) => choice === text.toUpperCase());
      if (found !== undefined) return found;
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ').toLowerCase()}.`);
    })
    .default(fallback, fallback.toLowerCase());

const set = (cli: Cli): Command =>
  cli
    .command('set', 'set a budget, or change the one with this name')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--name <name>', 'its name in the workspace')
    .requiredOption('--limit <limit>', "an amount of the workspace's currency, or turns, such as 50")
    .addOption(oneOf('--measure <measure>', 'what it counts', BUDGET_MEASURES, 'COST'))
    .addOption(oneOf('--interval <interval>', 'how often it starts anew', BUDGET_INTERVALS, 'MONTH'))
    .addOption(oneOf('--subject <subject>', 'whose usage it limits', BUDGET_SUBJECTS, 'WORKSPACE'))
    .option('--customer <id>', 'for the subject customer: which one')
    .option(
      '--threshold <percent...>',
      'percent of the limit at which an event is made, 1 to 999',
      (text: string, before: number[] | undefined) => [...(before ?? []), wholeNumber(text)],
    )
    .option('--forecast', 'also when the forecast passes the limit')
    .option('--stop', 'serveDecision says no once the limit is reached')
    .addHelpText(
      'after',
      example('budget set --workspace shop --name month --limit 50 --threshold 50 80 100 --forecast'),
    )
    .action((options: SetOptions) =>
      cli.run(async ({ services, output, sql }) => {
        const workspace = await getWorkspace(sql, options.workspace, services.clock());
        const budget = await services.budgets.set(
          workspace.id,
          {
            ...{ name: options.name, limit: options.limit, customerId: options.customer },
            ...{ measure: options.measure, interval: options.interval, subject: options.subject },
            thresholds: options.threshold ?? [],
            forecast: options.forecast,
            enforcement: options.stop ? 'STOP' : 'NOTIFY',
          },
          OPERATOR,
        );
        output.result(
          budgetJson(budget, workspace.currency),
          `Set the budget ${budget.name}: ${limitOf(budget, workspace.currency)} by ${budget.interval}.`,
        );
      }),
    );

const list = (cli: Cli): Command =>
  cli
    .command('list', 'all budgets of a workspace, with where they stand')
    .requiredOption('--workspace <id>', 'the workspace')
    .addHelpText('after', example('budget list --workspace shop'))
    .action((options: { workspace: string }) =>
      cli.run(async ({ services, output, sql }) => {
        const now = services.clock();
        const workspace = await getWorkspace(sql, options.workspace, now);
        const budgets = await listBudgets(sql, workspace.id);
        const states = await findBudgetStates(sql, workspace, budgets, now);
        const { currency } = workspace;
        output.table(
          states.map((state) => stateJson(state, currency)),
          states.map((state) => stateRow(state, currency)),
          'No budgets.',
        );
      }),
    );

const remove = (cli: Cli): Command =>
  cli
    .command('remove', 'remove a budget; what it told stays among the events')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--name <name>', 'its name')
    .addHelpText('after', example('budget remove --workspace shop --name month'))
    .action((options: { workspace: string; name: string }) =>
      cli.run(async ({ services, output, sql }) => {
        const workspace = await getWorkspace(sql, options.workspace, services.clock());
        const budget = (await listBudgets(sql, workspace.id)).find(({ name }) => name === options.name);
        if (!budget)
          throw badInput(
            `The workspace ${workspace.id} has no budget ${JSON.stringify(options.name)}. See: ${toType('budget list')}`,
          );
        await services.budgets.remove(workspace.id, budget.id, OPERATOR);
        output.result({ id: budget.id, name: budget.name }, `Removed the budget ${budget.name}.`);
      }),
    );

const unitOf = ({ measure }: Budget, currency: string): string => (measure === 'COST' ? currency : 'turns');

const limitOf = (budget: Budget, currency: string): string =>
  `${formatUnits(budget.measure, budget.limitUnits, currency)} ${unitOf(budget, currency)}`;

const budgetJson = (budget: Budget, currency: string) => ({
  ...{ id: budget.id, name: budget.name },
  ...describeBudget(budget, currency),
});

const stateJson = (state: BudgetState, currency: string) => ({
  ...budgetJson(state.budget, currency),
  period: { from: formatInstant(state.period.from), to: formatInstant(state.period.to) },
  used: formatUnits(state.budget.measure, state.usedUnits, currency),
  remaining: formatUnits(state.budget.measure, remainingOf(state), currency),
  usedPercent: usedPercentOf(state),
  closestCustomerId: state.customerId,
  crossed: state.crossed,
});

function stateRow(state: BudgetState, currency: string): Record<string, string> {
  const { budget } = state;
  return {
    NAME: budget.name,
    SUBJECT: budget.customerId ?? budget.subject,
    LIMIT: limitOf(budget, currency),
    EVERY: budget.interval,
    USED: `${formatUnits(budget.measure, state.usedUnits, currency)} ${unitOf(budget, currency)}`,
    PERCENT: `${usedPercentOf(state)}%`,
    THRESHOLDS: [...budget.thresholds, ...(budget.forecast ? ['forecast'] : [])].join(' '),
    ENFORCEMENT: budget.enforcement,
  };
}
