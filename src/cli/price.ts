import type { Command } from 'commander';
import { listPrices, type PriceList } from '../services/workspaces/pricing';
import { getWorkspace } from '../services/workspaces/workspaces';
import { formatMicros, parseAmount } from '../values/money';
import { formatInstant, parseInstant } from '../values/time';
import { type Cli, OPERATOR } from './cli';
import { example } from './how-to-run';

export const priceCommand = (cli: Cli): Command =>
  cli.group('price', 'the price of one tracked response', [set(cli, PRICES), list(cli, PRICES)]);

export const channelPriceCommand = (cli: Cli): Command =>
  cli.group('channel-price', 'what the channel takes for one answered turn: a cost of the margin', [
    set(cli, CHANNEL_PRICES),
    list(cli, CHANNEL_PRICES),
  ]);

/** How one of the price lists is talked about. */
interface Words {
  list: PriceList;
  command: string;
  /** What keeps its own price. */
  keeps: string;
  costs: string;
}

const PRICES: Words = {
  list: 'prices',
  command: 'price',
  keeps: 'what is charged already keeps its own',
  costs: 'a tracked response costs',
};
const CHANNEL_PRICES: Words = {
  list: 'channel_prices',
  command: 'channel-price',
  keeps: 'turns that are saved already keep their own',
  costs: 'the channel takes for an answered turn',
};

const set = (cli: Cli, words: Words): Command =>
  cli
    .command('set', `record a price; ${words.keeps}`)
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--amount <amount>', "in the workspace's currency, at most six decimals, such as 0.005")
    .option('--from <instant>', 'from when it holds, RFC 3339 with an offset (default: now)')
    .addHelpText(
      'after',
      example(`${words.command} set --workspace shop --amount 0.006 --from 2027-01-01T00:00:00+01:00`),
    )
    .action((options: { workspace: string; amount: string; from?: string }) =>
      cli.run(async ({ services, output, sql }) => {
        const workspace = await getWorkspace(sql, options.workspace, services.clock());
        const given = {
          amountMicros: parseAmount(options.amount),
          startsAt: options.from === undefined ? null : parseInstant(options.from),
        };
        const price = await (words.list === 'prices'
          ? services.workspaces.setPrice(workspace.id, given, OPERATOR)
          : services.workspaces.setChannelPrice(workspace.id, given, OPERATOR));
        const amount = formatMicros(price.amountMicros, workspace.currency);
        const from = price.startsAt && formatInstant(price.startsAt);
        output.result(
          { workspaceId: workspace.id, amount, currency: workspace.currency, from },
          `From ${from} ${words.costs} ${amount} ${workspace.currency}.`,
        );
      }),
    );

const list = (cli: Cli, words: Words): Command =>
  cli
    .command('list', 'all prices of a workspace, in the order in which they take force')
    .requiredOption('--workspace <id>', 'the workspace')
    .action((options: { workspace: string }) =>
      cli.run(async ({ services, output, sql }) => {
        const workspace = await getWorkspace(sql, options.workspace, services.clock());
        const prices = (await listPrices(sql, workspace.id, words.list)).map((price) => ({
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
