import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { badInput } from '../errors';
import { findCloseDays } from '../services/workspaces/closing-days';
import { findKeepings, type Keeping } from '../services/workspaces/keep-days';
import { getWorkspace, listAllWorkspaces, type Workspace } from '../services/workspaces/workspaces';
import { formatMicros, parseAmount } from '../values/money';
import { formatInstant } from '../values/time';
import { type Cli, OPERATOR } from './cli';
import { example } from './how-to-run';
import { standard } from './streams';

export const workspaceCommand = (cli: Cli): Command =>
  cli.group('workspace', 'whose usage it is', [create(cli), list(cli), update(cli), remove(cli)]);

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
    .option(
      '--price <amount>',
      'the price of one tracked response (default: 0.005; needed where the currency has no decimals, such as JPY)',
    )
    .addHelpText(
      'after',
      example('workspace create --id shop --name "Da Nino" --time-zone Europe/Rome --currency EUR'),
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
      const ids = workspaces.map(({ id }) => id);
      const closeDays = await findCloseDays(sql, ids);
      const keepings = await findKeepings(sql, ids);
      output.table(
        workspaces.map((workspace) => ({
          ...workspaceJson(workspace),
          closeDay: closeDays.get(workspace.id) ?? null,
          keepMessagesDays: keepings.get(workspace.id)?.days ?? null,
        })),
        workspaces.map((workspace) => ({
          ID: workspace.id,
          NAME: workspace.name,
          ZONE: workspace.timeZone,
          PRICE: `${formatMicros(workspace.priceMicros, workspace.currency)} ${workspace.currency}`,
          CLOSES: closeDays.has(workspace.id) ? `day ${closeDays.get(workspace.id)}` : 'by hand',
          TEXTS: keepings.has(workspace.id) ? `${keepings.get(workspace.id)?.days} days` : 'kept',
          STATE: workspace.archivedAt ? 'archived' : 'active',
        })),
        'No workspaces.',
      );
    }),
  );

const update = (cli: Cli): Command =>
  cli
    .command('update', "change the name or the time zone; a new zone makes the customers' roll-ups anew")
    .argument('<id>', 'the workspace')
    .option('--name <name>', 'the new name')
    .option('--time-zone <zone>', 'the new IANA zone')
    .option(
      '--close-day <day>',
      'close each month by itself on this day of the next, 1 to 28, at 06:00 local; off: by hand',
    )
    .option(
      '--keep-messages <days>',
      'keep the texts and numbers of turns for so long, such as 90d, and remove older ones every night; off: keep all',
    )
    .addHelpText('after', example('workspace update shop --time-zone Europe/Lisbon'))
    .action((id: string, options: UpdateOptions) =>
      cli.run(async ({ services, output, sql }) => {
        const { closeDay: day, keepMessages: kept, ...change } = options;
        const workspace = await services.workspaces.update(
          id,
          {
            ...change,
            ...(day === undefined ? {} : { closeDay: closeDayOf(day) }),
            ...(kept === undefined ? {} : { keepDays: keepDaysOf(kept) }),
          },
          OPERATOR,
        );
        const closeDay = (await findCloseDays(sql, [id])).get(id) ?? null;
        const keeping = (await findKeepings(sql, [id])).get(id);
        const closes =
          closeDay === null
            ? 'Its months are closed by hand.'
            : `Each month is closed on day ${closeDay} of the next at 06:00; those that are due already, within a minute.`;
        output.result(
          { ...workspaceJson(workspace), closeDay, keepMessagesDays: keeping?.days ?? null },
          `Updated ${workspace.id}: ${workspace.name}, ${workspace.timeZone}. ${closes} ${keeps(keeping)}`,
        );
      }),
    );

interface UpdateOptions {
  name?: string;
  timeZone?: string;
  closeDay?: string;
  keepMessages?: string;
}

const keeps = (keeping: Keeping | undefined): string =>
  keeping === undefined
    ? 'All texts are kept.'
    : `Texts older than ${keeping.days} days are removed for good every night, next at ${formatInstant(keeping.dueAt)}.`;

const keepDaysOf = (text: string): number | null =>
  text === 'off' ? null : /^\d{1,4}d$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;

const closeDayOf = (text: string): number | null =>
  text === 'off' ? null : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;

const remove = (cli: Cli): Command =>
  cli
    .command('delete', 'delete a workspace that has no turns; archive one that has')
    .argument('<id>', 'the workspace')
    .option('--confirm <name>', 'its name, instead of being asked for it')
    .addHelpText('after', example('workspace delete shop --confirm "Da Nino"'))
    .action((id: string, options: { confirm?: string }) =>
      cli.run(async ({ services, output, sql }) => {
        const workspace = await getWorkspace(sql, id, services.clock());
        const typed =
          options.confirm ?? (await ask(`Type the name of ${id} (${workspace.name}) to delete it: `));
        if (typed !== workspace.name) throw badInput('That is not its name. Nothing was deleted.');
        const done = await services.workspaces.remove(id, OPERATOR);
        output.result(
          { id, state: done },
          done === 'deleted' ? `Deleted ${id}.` : `${id} has turns: it is archived, with all its records.`,
        );
      }),
    );

async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw badInput('Give the name with --confirm: without a terminal nobody can be asked.');
  const prompt = createInterface({ input: process.stdin, output: standard('stderr') });
  const closed = new AbortController();
  // readline takes Ctrl-C and Ctrl-D as keys: without these handlers the process would end while the database runs.
  prompt.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  prompt.on('close', () => closed.abort());
  try {
    return await prompt.question(question, { signal: closed.signal });
  } catch (error) {
    throw closed.signal.aborted ? badInput('No name was typed. Nothing was deleted.') : error;
  } finally {
    prompt.close();
  }
}

export const workspaceJson = (workspace: Workspace): object => ({
  id: workspace.id,
  name: workspace.name,
  timeZone: workspace.timeZone,
  currency: workspace.currency,
  pricePerResponse: formatMicros(workspace.priceMicros, workspace.currency),
  createdAt: workspace.createdAt,
  archivedAt: workspace.archivedAt,
});
