// A shop with webhooks, a receiver of their calls, and helpers that manage and tell them.
import type { Config } from '../../src/config';
import {
  ACTOR,
  aCustomer,
  aToken,
  aWorkspace,
  startApp,
  startBeside,
  type TestApp,
  type TestWorkspace,
} from './app';
import { budgetsOf } from './budgets';
import { type Received, Receiver } from './receiver';

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
/** A value for SECRETS_KEY. */
export const KEY = 'a key of 32 characters, or of more'.replaceAll(' ', '_');

/** A server that may call the receiver. */
export async function startWithReceiver(
  config: Partial<Config> = {},
): Promise<{ app: TestApp; receiver: Receiver }> {
  const receiver = await Receiver.start();
  const app = await startApp({ config: { ...configFor(receiver), ...config } });
  return { app, receiver };
}

const configFor = ({ host }: Receiver): Partial<Config> => ({ secretsKey: KEY, webhookAllowHosts: [host] });

/** A shop with one customer, with a token that reads and manages webhooks. */
export async function aShopForWebhooks(app: TestApp): Promise<{ shop: TestWorkspace; token: string }> {
  app.clock.set('2026-03-15T12:00:00Z');
  const shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  const token = await aToken(app, {
    ...{ kind: 'client', workspaceIds: [shop.id], scopes: ['usage:read', 'webhooks:write'] },
    expiresInDays: 730,
  });
  return { shop, token };
}

export const CREATE = /* GraphQL */ `
  mutation ($input: CreateWebhookInput!) {
    createWebhook(input: $input) { secret webhook { id url events state failingSince deliveries { totalCount } } } }`;
export const UPDATE = /* GraphQL */ `
  mutation ($input: UpdateWebhookInput!) { updateWebhook(input: $input) { id url events state failingSince } }`;
export const ROTATE = /* GraphQL */ `
  mutation ($w: ID!, $id: ID!) { rotateWebhookSecret(workspaceId: $w, id: $id) { secret webhook { id } } }`;
export const REDELIVER = /* GraphQL */ `
  mutation ($w: ID!, $id: ID!, $event: ID!) {
    redeliverEvent(workspaceId: $w, webhookId: $id, eventId: $event) { id state attempts nextAttemptAt event { id sequence } } }`;
export const DELETE = 'mutation ($w: ID!, $id: ID!) { deleteWebhook(workspaceId: $w, id: $id) }';
export const LIST = /* GraphQL */ `
  query ($w: ID!, $state: WebhookDeliveryState, $first: Int, $after: String) {
    webhooks(workspaceId: $w) {
      id url events state failingSince
      deliveries(state: $state, first: $first, after: $after) {
        totalCount pageInfo { hasNextPage endCursor }
        nodes { id state attempts lastStatus lastError nextAttemptAt event { id sequence type data } } } } }`;

export interface DeliveryData {
  id: string;
  state: string;
  attempts: number;
  lastStatus: number | null;
  lastError: string | null;
  nextAttemptAt: string | null;
  event: { id: string; sequence: number; type: string; data: unknown };
}
export interface WebhookData {
  id: string;
  url: string;
  events: string[];
  state: string;
  failingSince: string | null;
  deliveries: {
    totalCount: number;
    pageInfo: { hasNextPage: boolean; endCursor: string };
    nodes: DeliveryData[];
  };
}

/** For the app, the shop, the shop's token and the receiver of the test that runs. */
export function webhooksOf(
  current: () => { app: TestApp; shop: TestWorkspace; token: string; receiver: Receiver },
) {
  const { save } = budgetsOf(current);
  const api = () => current().app.api.as(current().token);

  const create = async (input: object = {}) => {
    const { shop, receiver } = current();
    const { createWebhook } = await api().data<{ createWebhook: { secret: string; webhook: WebhookData } }>(
      CREATE,
      { input: { workspaceId: shop.id, url: receiver.url, events: ['USAGE_VOIDED'], ...input } },
    );
    return createWebhook;
  };

  const update = async (input: object) =>
    (
      await api().data<{ updateWebhook: WebhookData }>(UPDATE, {
        input: { workspaceId: current().shop.id, ...input },
      })
    ).updateWebhook;

  const list = (variables: object = {}) =>
    api().data<{ webhooks: WebhookData[] }>(LIST, { w: current().shop.id, first: 20, ...variables });

  const only = async (variables: object = {}): Promise<WebhookData> => {
    const { webhooks } = await list(variables);
    const [webhook] = webhooks;
    if (!webhook || webhooks.length > 1) throw new Error('one webhook is expected');
    return webhook;
  };

  const delivery = async (): Promise<DeliveryData> => {
    const [first] = (await only()).deliveries.nodes;
    if (!first) throw new Error('a delivery is expected');
    return first;
  };

  /** Something that is reported. */
  async function happen(): Promise<void> {
    const { app, shop } = current();
    const [id = ''] = await save(1);
    await app.services.voids.void(shop.id, { usageRecordId: id, reason: 'x' }, ACTOR);
  }

  async function tell(from: Pick<TestApp, 'services'> = current().app): Promise<Received[]> {
    await from.services.webhookDeliverer.look();
    await from.services.webhookDeliverer.settle();
    return current().receiver.take();
  }

  /** The next try, when it is due at the latest. */
  async function tellLater(): Promise<Received[]> {
    const { nextAttemptAt } = await delivery();
    if (nextAttemptAt !== null) current().app.clock.set(nextAttemptAt);
    return tell();
  }

  /** Another server on the same database, which may call the receiver too. */
  const another = (config: Partial<Config> = {}): Promise<TestApp> => {
    const { app, receiver } = current();
    return startBeside(app, { ...configFor(receiver), ...config });
  };

  /** What a test leaves undone is not the next one's. */
  async function clear(): Promise<void> {
    const { app, shop } = current();
    for (const { id } of (await list()).webhooks) await app.services.webhooks.remove(shop.id, id, ACTOR);
  }

  return { save, api, create, update, list, only, delivery, happen, tell, tellLater, another, clear };
}
