import type { Command } from 'commander';
import { badInput } from '../errors';
import { PAGE_LIMIT } from '../services/page';
import { EVENT_TYPES } from '../services/signals/event-types';
import { checkEventType } from '../services/signals/events';
import { DELIVERY_STATES, type Delivery, listDeliveries } from '../services/signals/webhook-deliveries';
import { getWebhook, listWebhooks, type Webhook } from '../services/signals/webhooks';
import { getWorkspace } from '../services/workspaces/workspaces';
import { formatInstant } from '../values/time';
import { type Cli, type CommandContext, OPERATOR } from './cli';
import { example } from './how-to-run';
import { wholeNumber } from './token';

const LONGEST_LIST = 10_000;

export const webhookCommand = (cli: Cli): Command =>
  cli.group('webhook', 'addresses that are told of events', [
    add(cli),
    list(cli),
    update(cli),
    rotate(cli),
    remove(cli),
    deliveries(cli),
    redeliver(cli),
  ]);

interface Named {
  workspace: string;
  webhook: string;
}

const workspaceOf = async ({ sql, services }: CommandContext, id: string): Promise<string> =>
  (await getWorkspace(sql, id, services.clock())).id;

const add = (cli: Cli): Command =>
  cli
    .command('add', 'add a webhook; its secret is printed this once')
    .requiredOption('--workspace <id>', 'whose events')
    .requiredOption('--url <url>', 'https, or a host of WEBHOOK_ALLOW_HOSTS')
    .option('--event <type...>', `only these (default: all): ${EVENT_TYPES.join(', ')}`)
    .addHelpText(
      'after',
      example(
        'webhook add --workspace shop --url https://hooks.example.com/centesimo --event BUDGET_THRESHOLD',
      ),
    )
    .action((options: { workspace: string; url: string; event?: string[] }) =>
      cli.run(async (context) => {
        const { webhook, secret } = await context.services.webhooks.create(
          await workspaceOf(context, options.workspace),
          { url: options.url, events: options.event?.map(checkEventType) ?? EVENT_TYPES },
          OPERATOR,
        );
        context.output.result(
          { ...webhookJson(webhook), secret },
          `Added the webhook ${webhook.id} for ${webhook.events.join(', ')}.\nSecret, shown this once: ${secret}`,
        );
      }),
    );

const list = (cli: Cli): Command =>
  cli
    .command('list', 'all webhooks of a workspace')
    .requiredOption('--workspace <id>', 'the workspace')
    .addHelpText('after', example('webhook list --workspace shop'))
    .action((options: { workspace: string }) =>
      cli.run(async (context) => {
        const workspaceId = await workspaceOf(context, options.workspace);
        const webhooks = await listWebhooks(context.sql, context.services.webhooks.box, workspaceId);
        context.output.table(
          webhooks.map(webhookJson),
          webhooks.map((webhook) => ({
            ...{ ID: webhook.id, STATE: webhook.state },
            'FAILING SINCE': webhook.failingSince ? formatInstant(webhook.failingSince) : '',
            ...{ EVENTS: webhook.events.join(' '), URL: webhook.url },
          })),
          'No webhooks.',
        );
      }),
    );

const update = (cli: Cli): Command =>
  cli
    .command('update', 'change a webhook, switch it off, or on again')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--webhook <id>', 'its id')
    .option('--url <url>', 'another address')
    .option('--event <type...>', 'only these from now on')
    .option('--pause', 'hold events, for at most 30 days')
    .option('--activate', 'send events, those that were held included')
    .addHelpText('after', example('webhook update --workspace shop --webhook 0190… --activate'))
    .action((options: Named & { url?: string; event?: string[]; pause?: boolean; activate?: boolean }) => {
      if (options.pause && options.activate) throw badInput('Give --pause or --activate, not both.');
      return cli.run(async (context) => {
        const webhook = await context.services.webhooks.update(
          await workspaceOf(context, options.workspace),
          options.webhook,
          {
            ...{ url: options.url, events: options.event?.map(checkEventType) },
            state: options.pause ? 'PAUSED' : options.activate ? 'ACTIVE' : undefined,
          },
          OPERATOR,
        );
        context.output.result(webhookJson(webhook), `The webhook ${webhook.id} is ${webhook.state}.`);
      });
    });

const rotate = (cli: Cli): Command =>
  cli
    .command('rotate', 'give a webhook a new secret; the old one signs beside it for a day')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--webhook <id>', 'its id')
    .addHelpText('after', example('webhook rotate --workspace shop --webhook 0190…'))
    .action((options: Named) =>
      cli.run(async (context) => {
        const { webhook, secret } = await context.services.webhooks.rotate(
          await workspaceOf(context, options.workspace),
          options.webhook,
          OPERATOR,
        );
        context.output.result(
          { ...webhookJson(webhook), secret },
          `New secret of ${webhook.id}, shown this once: ${secret}\nThe old one signs beside it for a day.`,
        );
      }),
    );

const remove = (cli: Cli): Command =>
  cli
    .command('remove', 'remove a webhook with its deliveries; events stay')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--webhook <id>', 'its id')
    .addHelpText('after', example('webhook remove --workspace shop --webhook 0190…'))
    .action((options: Named) =>
      cli.run(async (context) => {
        const workspaceId = await workspaceOf(context, options.workspace);
        if (!(await context.services.webhooks.remove(workspaceId, options.webhook, OPERATOR)))
          throw badInput(`The workspace ${workspaceId} has no webhook ${options.webhook}.`);
        context.output.result({ id: options.webhook }, `Removed the webhook ${options.webhook}.`);
      }),
    );

const deliveries = (cli: Cli): Command =>
  cli
    .command('deliveries', 'what was sent to a webhook and is to be sent, with what it answered')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--webhook <id>', 'its id')
    .option('--state <state>', `only these: ${DELIVERY_STATES.join(', ')}`)
    .option('--limit <count>', `how many, 1 to ${LONGEST_LIST}`, wholeNumber, 50)
    .addHelpText('after', example('webhook deliveries --workspace shop --webhook 0190… --state FAILED'))
    .action((options: Named & { state?: string; limit: number }) => {
      const { limit } = options;
      if (limit < 1 || limit > LONGEST_LIST) throw badInput(`--limit is 1 to ${LONGEST_LIST}; got ${limit}.`);
      const wanted = options.state?.toUpperCase();
      const state = DELIVERY_STATES.find((known) => known === wanted);
      if (wanted !== undefined && state === undefined)
        throw badInput(`--state is one of ${DELIVERY_STATES.join(', ')}; got ${options.state}.`);
      return cli.run(async (context) => {
        const workspaceId = await workspaceOf(context, options.workspace);
        const { id, state: webhookState } = await getWebhook(context.sql, workspaceId, options.webhook);
        const webhook = { workspaceId, id, state: webhookState };
        const found: Delivery[] = [];
        for (let after: string | undefined; ; ) {
          const first = Math.min(PAGE_LIMIT, limit - found.length);
          const page = await listDeliveries(context.sql, webhook, { state, first, after });
          found.push(...page.items.map(({ node }) => node));
          after = page.items.at(-1)?.cursor;
          if (!page.hasNextPage || found.length >= limit) break;
        }
        context.output.table(found.map(deliveryJson), found.map(deliveryRow), 'No deliveries.');
      });
    });

const redeliver = (cli: Cli): Command =>
  cli
    .command('redeliver', 'send an event again to a webhook: same id, same body')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--webhook <id>', 'its id')
    .requiredOption('--event <id>', "the event's id, as events --json lists it")
    .addHelpText('after', example('webhook redeliver --workspace shop --webhook 0190… --event 0190…'))
    .action((options: Named & { event: string }) =>
      cli.run(async (context) => {
        const delivery = await context.services.webhooks.redeliver(
          await workspaceOf(context, options.workspace),
          options.webhook,
          options.event,
          OPERATOR,
        );
        context.output.result(
          deliveryJson(delivery),
          delivery.state === 'HELD'
            ? `The event ${options.event} waits until the webhook is ACTIVE.`
            : `The event ${options.event} is sent by a running server.`,
        );
      }),
    );

const webhookJson = ({ id, url, events, state, failingSince }: Webhook) => ({
  ...{ id, url, events, state },
  failingSince: failingSince && formatInstant(failingSince),
});

const deliveryJson = (delivery: Delivery) => ({
  ...{ eventId: delivery.event.id, sequence: Number(delivery.event.sequence), type: delivery.event.type },
  ...{ state: delivery.state, attempts: delivery.attempts, lastStatus: delivery.lastStatus },
  ...{ lastError: delivery.lastError, lastAnswer: delivery.lastAnswer },
  nextAttemptAt: delivery.nextAttemptAt && formatInstant(delivery.nextAttemptAt),
});

/** An answer may hold anything: in a table it stands as JSON writes it, on one line. */
const deliveryRow = (delivery: Delivery): Record<string, string> => ({
  ...{ SEQUENCE: String(delivery.event.sequence), EVENT: delivery.event.id, TYPE: delivery.event.type },
  ...{ STATE: delivery.state, TRIES: String(delivery.attempts), STATUS: String(delivery.lastStatus ?? '') },
  NEXT: delivery.nextAttemptAt ? formatInstant(delivery.nextAttemptAt) : '',
  ERROR: delivery.lastError ?? '',
  ANSWER: delivery.lastAnswer ? JSON.stringify(delivery.lastAnswer) : '',
});
