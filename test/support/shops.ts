// Shops with turns, and what their reports say of them.
import { aCustomer, aTurn, aWorkspace, type TestApp, type TestWorkspace } from './app';
import { SAVE } from './operations';

/** A shop with one client and a charged turn at each of these instants. */
export async function aShopWithTurns(
  app: TestApp,
  instants: readonly string[],
  options: { timeZone?: string } = {},
): Promise<TestWorkspace> {
  const shop = await aWorkspace(app, options);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  await saveAt(app, shop, instants);
  return shop;
}

/** A shop with these clients, by name, each with a charged turn at each of its instants. */
export async function aShopWithClients(
  app: TestApp,
  clients: Readonly<Record<string, readonly string[]>>,
): Promise<TestWorkspace> {
  const shop = await aWorkspace(app);
  for (const [index, [name, instants]] of Object.entries(clients).entries()) {
    const phoneNumber = `+3933300000${String(index + 10)}`;
    await aCustomer(app, shop, { name, phoneNumber });
    await saveAt(app, shop, instants, { phoneNumber });
  }
  return shop;
}

export async function saveAt(
  app: TestApp,
  shop: TestWorkspace,
  instants: readonly string[],
  turn: object = {},
): Promise<void> {
  for (const occurredAt of instants)
    await app.api.as(shop.service).data(SAVE, { input: aTurn(shop, { occurredAt, ...turn }) });
}

/** A part of the shop's report, as its client reads it. */
export async function reportOn<T>(
  app: TestApp,
  shop: TestWorkspace,
  part: string,
  variables: object = {},
): Promise<T> {
  const query = `query ($workspaceId: ID!, $period: PeriodInput, $timeZone: TimeZone) {
    usage(workspaceId: $workspaceId, period: $period, timeZone: $timeZone) { ${part} } }`;
  const data = await app.api
    .as(shop.client)
    .data<{ usage: T }>(query, { workspaceId: shop.id, ...variables });
  return data.usage;
}
