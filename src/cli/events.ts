import type { Command } from 'commander';
import { badInput } from '../errors';
import { PAGE_LIMIT } from '../services/page';
import { type EventRow } from '../services/signals/event-types';
import { checkEventType, listEvents } from '../services/signals/events';
import { getWorkspace } from '../services/workspaces/workspaces';
import { formatInstant } from '../values/time';
import type { Cli } from './cli';
import { example } from './how-to-run';
import { wholeNumber } from './token';

const LONGEST_LIST = 10_000;

interface Options {
  workspace: string;
  type?: string[];
  limit: number;
}

export const eventsCommand = (cli: Cli): Command =>
  cli
    .command('events', 'thresholds that were reached, charges that were taken back, months that were closed')
    .requiredOption('--workspace <id>', 'the workspace')
    .option('--type <type...>', 'only these, such as BUDGET_THRESHOLD')
    .option('--limit <count>', `how many, 1 to ${LONGEST_LIST}`, wholeNumber, 50)
    .addHelpText('after', example('events --workspace shop --type BUDGET_THRESHOLD --json'))
    .action(async ({ workspace, type, limit }: Options) => {
      if (limit < 1 || limit > LONGEST_LIST) throw badInput(`--limit is 1 to ${LONGEST_LIST}; got ${limit}.`);
      const types = type?.map(checkEventType);
      await cli.run(async ({ services, sql, output }) => {
        const { id } = await getWorkspace(sql, workspace, services.clock());
        const events: EventRow[] = [];
        for (let after: string | undefined; ; ) {
          const first = Math.min(PAGE_LIMIT, limit - events.length);
          const page = await listEvents(sql, id, { types, first, after });
          events.push(...page.items.map(({ node }) => node));
          after = page.items.at(-1)?.cursor;
          if (!page.hasNextPage || events.length >= limit) break;
        }
        output.table(
          events.map((event) => ({
            ...{ id: event.id, sequence: Number(event.sequence), type: event.type },
            occurredAt: formatInstant(event.occurredAt),
            data: JSON.parse(event.body),
          })),
          events.map((event) => ({
            SEQUENCE: String(event.sequence),
            AT: formatInstant(event.occurredAt),
            TYPE: event.type,
            DATA: JSON.stringify(JSON.parse(event.body).data),
          })),
          'No events.',
        );
      });
    });
