import type { Command } from 'commander';
import { listPrices } from '../services/workspaces/pricing';
import { getWorkspace } from '../services/workspaces/workspaces';
import { formatMicros, parseAmount } from '../values/money';
import { formatInstant, parseInstant } from '../values/time';
import { type Cli, OPERATOR } from './cli';
import { example } from './how-to-run';

export const priceCommand = (cli: Cli): Command =>
  cli.group('price', 'the price of one tracked response', [set(cli), list(cli)]);

const set = (cli: Cli): Command =>
  cli
    .command('set', 'record a price; what is charged already keeps its own')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--amount <amount>', "in the workspace's currency, at most six decimals, such as 0.005")
    .option('--from <instant>', 'from when it holds, RFC 3339 with an offset (default: now)')
    .addHelpText(
      'after',
      example('price set --workspace shop --amount 0.006 --from 2027-01-01T00:00:00+01:00'),
    )
    .action((options: { workspace: string; amount: string; from?: string }) =>
      cli.run(async ({ services, output, sql }) => {
        const workspace = await getWorkspace(sql, options.workspace, services.clock());
        const price = await services.workspaces.setPrice(
          workspace.id,
          {
            amountMicros: parseAmount(options.amount),
            startsAt: options.from === undefined ? null : parseInstant(options.from),
          },
          OPERATOR,
        );
        const amount = formatMicros(price.amountMicros, workspace.currency);
        const from = price.startsAt && formatInstant(price.startsAt);
        output.result(
          { workspaceId: workspace.id, amount, currency: workspace.currency, from },
          `From ${from} a tracked response costs ${amount} ${workspace.currency}.`,
        );
      }),
    );

const list = (cli: Cli): Command =>
  cli
    .command('list', 'all prices of a workspace, in the order in which they take force')
    .requiredOption('--workspace <id>', 'the workspace')
    .action((options: { workspace: string }) =>
      cli.run(async ({ services, output, sql }) => {
        const workspace = await getWorkspace(sql, options.workspace, services.clock());
        const prices = (await listPrices(sql, workspace.id)).map((price) => ({
          from: price.startsAt && formatInstant(price.startsAt),
          amount: formatMicros(price.amountMicros, workspace.currency),
          currency: workspace.currency,
          recordedAt: formatInstant(price.recordedAt),
        }));
        output.table(
          prices,
          prices.map((price) => ({
            FROM: price.from ?? 'the beginning',
            AMOUNT: `${price.amount} ${price.currency}`,
            RECORDED: price.recordedAt,
          })),
          'No prices.',
        );
      }),
    );
