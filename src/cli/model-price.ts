import type { Command } from 'commander';
import { AppError, badInput } from '../errors';
import { listModelPrices, type ModelPrice } from '../services/workspaces/model-prices';
import type { NewModelPrice } from '../services/workspaces/workspace-service';
import { getWorkspace } from '../services/workspaces/workspaces';
import { formatMicros, parseAmount } from '../values/money';
import { formatInstant, parseInstant } from '../values/time';
import { type Cli, OPERATOR } from './cli';
import { readCsv } from './csv-file';
import { example } from './how-to-run';

export const modelPriceCommand = (cli: Cli): Command =>
  cli.group('model-price', "what a model's tokens cost: a cost of the margin", [
    set(cli),
    importFile(cli),
    list(cli),
    fill(cli),
  ]);

interface SetOptions {
  workspace: string;
  model: string;
  input: string;
  cachedInput?: string;
  output: string;
  from?: string;
}

const set = (cli: Cli): Command =>
  cli
    .command('set', 'record the price of a model; a cost that is known already is not changed')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--model <name>', 'as the turns name it, such as gpt-4.1-mini')
    .requiredOption(
      '--input <amount>',
      "a million input tokens, in the workspace's currency, at most six decimals",
    )
    .option('--cached-input <amount>', 'a million input tokens read from a cache (default: as --input)')
    .requiredOption('--output <amount>', 'a million output tokens')
    .option('--from <instant>', 'from when it holds, RFC 3339 with an offset (default: now)')
    .addHelpText(
      'after',
      example(
        'model-price set --workspace shop --model gpt-4.1-mini --input 0.35 --cached-input 0.09 --output 1.40',
      ),
    )
    .action((options: SetOptions) =>
      cli.run(async ({ services, output, sql }) => {
        const { id, currency } = await getWorkspace(sql, options.workspace, services.clock());
        const [price] = await services.workspaces.setModelPrices(
          id,
          [
            toPrice({
              ...{ model: options.model, input: options.input, output: options.output },
              ...{ cachedInput: options.cachedInput, from: options.from },
            }),
          ],
          OPERATOR,
        );
        if (!price) return;
        const shown = priceJson(price, currency);
        output.result(
          { workspaceId: id, ...shown },
          `From ${shown.from} a million tokens of ${shown.model} cost ${shown.input} ${currency} of input, ${shown.cachedInput} of cached input, ${shown.output} of output. Turns that have no cost yet get one by: model-price fill`,
        );
      }),
    );

const FILE = {
  columns: ['model', 'input', 'cached_input', 'output', 'from'],
  needed: ['model', 'input', 'output'],
};

const importFile = (cli: Cli): Command =>
  cli
    .command(
      'import',
      'record the prices of a CSV file, all or none: model, input, cached_input, output, from',
    )
    .argument(
      '<file>',
      'CSV in UTF-8 with a header, with commas or semicolons; amounts with a point, for a million tokens; without cached_input it is as input, without from it holds from now',
    )
    .requiredOption('--workspace <id>', 'the workspace')
    .addHelpText('after', example('model-price import prices.csv --workspace shop'))
    .action((file: string, options: { workspace: string }) =>
      cli.run(async ({ services, output, sql }) => {
        const { id, currency } = await getWorkspace(sql, options.workspace, services.clock());
        const prices: NewModelPrice[] = [];
        for await (const { line, record, why } of readCsv(file, FILE)) {
          if (why !== undefined) throw badInput(`line ${line}: ${why} Nothing was recorded.`);
          prices.push(atLine(line, () => toPrice({ ...record, cachedInput: record.cached_input })));
        }
        if (prices.length === 0) throw badInput(`${file} has no prices. Nothing was recorded.`);
        const recorded = await services.workspaces.setModelPrices(id, prices, OPERATOR);
        output.result(
          { workspaceId: id, prices: recorded.map((price) => priceJson(price, currency)) },
          `Recorded ${recorded.length} prices. Turns that have no cost yet get one by: model-price fill`,
        );
      }),
    );

const list = (cli: Cli): Command =>
  cli
    .command('list', 'all prices of models, by model, in the order in which they take force')
    .requiredOption('--workspace <id>', 'the workspace')
    .action((options: { workspace: string }) =>
      cli.run(async ({ services, output, sql }) => {
        const { id, currency } = await getWorkspace(sql, options.workspace, services.clock());
        const prices = (await listModelPrices(sql, id)).map((price) => priceJson(price, currency));
        output.table(
          prices,
          prices.map((price) => ({
            MODEL: price.model,
            FROM: price.from,
            INPUT: `${price.input} ${currency}`,
            CACHED: `${price.cachedInput} ${currency}`,
            OUTPUT: `${price.output} ${currency}`,
            RECORDED: price.recordedAt,
          })),
          'No prices.',
        );
      }),
    );

const fill = (cli: Cli): Command =>
  cli
    .command('fill', 'give turns without a price the price that was in force when they happened')
    .requiredOption('--workspace <id>', 'the workspace')
    .addHelpText('after', example('model-price fill --workspace shop'))
    .action((options: { workspace: string }) =>
      cli.run(async ({ services, output }) => {
        const { priced, left } = await services.modelPriceFiller.fill(options.workspace, OPERATOR);
        for (const { model, turns } of left)
          output.say(`${model ?? '(models beyond the 200 that are kept)'}: ${turns} turns without a price`);
        const turns = left.reduce((sum, one) => sum + one.turns, 0n);
        output.result(
          { workspaceId: options.workspace, priced, unpriced: turns, left },
          `${priced} turns got their cost; ${turns} are without a price.`,
        );
      }),
    );

function toPrice(text: {
  model?: string;
  input?: string;
  cachedInput?: string | undefined;
  output?: string;
  from?: string | undefined;
}): NewModelPrice {
  const { model = '', input = '', output = '', from } = text;
  const cached = text.cachedInput || input;
  return {
    model,
    inputMicros: parseAmount(input),
    cachedInputMicros: parseAmount(cached),
    outputMicros: parseAmount(output),
    startsAt: from ? parseInstant(from) : null,
  };
}

function atLine<T>(line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof AppError
      ? badInput(`line ${line}: ${error.message} Nothing was recorded.`)
      : error;
  }
}

const priceJson = (price: ModelPrice, currency: string) => ({
  model: price.model,
  from: formatInstant(price.startsAt),
  input: formatMicros(price.inputMicros, currency),
  cachedInput: formatMicros(price.cachedInputMicros, currency),
  output: formatMicros(price.outputMicros, currency),
  currency,
  recordedAt: formatInstant(price.recordedAt),
});
