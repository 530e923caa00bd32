import { Command } from 'commander';
import { formatMicros, parseAmount } from '../money';
import { listAllWorkspaces, type Workspace } from '../services/workspaces';
import { type Cli, OPERATOR } from './cli';

export const workspaceCommand = (cli: Cli): Command =>
  new Command('workspace').description('whose usage it is').addCommand(create(cli)).addCommand(list(cli));

interface CreateOptions {
  id: string;
  name: string;
  timeZone: string;
  currency: string;
  price?: string;
}

const create = (cli: Cli): Command =>
  cli
    .command('create', 'create a workspace; its currency is fixed from then on')
    .requiredOption('--id <id>', '1 to 64 letters, digits, dots, dashes or underscores')
    .requiredOption('--name <name>', "the shop's name")
    .requiredOption('--time-zone <zone>', "IANA zone, such as Europe/Rome: days and hours are this zone's")
    .requiredOption('--currency <code>', 'ISO 4217 code, such as EUR')
    .option('--price <amount>', 'the price of one tracked response (default 0.005)')
    .addHelpText(
      'after',
      '\nExample:\n  centesimo workspace create --id shop --name "Da Nino" --time-zone Europe/Rome --currency EUR',
    )
    .action((options: CreateOptions) =>
      cli.run(async ({ services, output }) => {
        const workspace = await services.workspaces.create(
          {
            id: options.id,
            name: options.name,
            timeZone: options.timeZone,
            currency: options.currency,
            ...(options.price === undefined ? {} : { priceMicros: parseAmount(options.price) }),
          },
          OPERATOR,
        );
        output.result(workspaceJson(workspace), `Created the workspace ${workspace.id}.`);
      }),
    );

const list = (cli: Cli): Command =>
  cli.command('list', 'all workspaces, by name').action(() =>
    cli.run(async ({ services, output, sql }) => {
      const workspaces = await listAllWorkspaces(sql, services.clock());
      output.table(
        workspaces.map(workspaceJson),
        workspaces.map((workspace) => ({
          ID: workspace.id,
          NAME: workspace.name,
          ZONE: workspace.timeZone,
          PRICE: `${formatMicros(workspace.priceMicros, workspace.currency)} ${workspace.currency}`,
          STATE: workspace.archivedAt ? 'archived' : 'active',
        })),
        'No workspaces.',
      );
    }),
  );

export const workspaceJson = (workspace: Workspace): object => ({
  id: workspace.id,
  name: workspace.name,
  timeZone: workspace.timeZone,
  currency: workspace.currency,
  pricePerResponse: formatMicros(workspace.priceMicros, workspace.currency),
  createdAt: workspace.createdAt,
  archivedAt: workspace.archivedAt,
});
