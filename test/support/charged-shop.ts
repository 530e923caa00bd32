// A shop with one customer whose turns are charged, for tests of the ledger.

import { Lease } from '../../src/database/lease';
import { Snapshot } from '../../src/database/snapshot';
import { fixedForm } from '../../src/services/ledger/members';
import { verifyStatements } from '../../src/services/ledger/statement-check';
import { listStatements } from '../../src/services/ledger/statements';
import { aCustomer, aTurn, aWorkspace, type TestApp, type TestWorkspace } from './app';
import { OUTCOMES, SAVE, type SaveData, TOTALS } from './operations';
import { differences, workspaceOf } from './upkeep';

/** In Rome. Mario Rossi writes from the number that `aTurn` has. */
export async function aChargedShop(app: TestApp): Promise<TestWorkspace> {
  const shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  return shop;
}

/** Saves a turn that happened then; answers with its charge's id. */
export async function saveCharged(
  app: TestApp,
  shop: TestWorkspace,
  at: string,
  input: Record<string, unknown> = {},
): Promise<string> {
  const answer = await app.api
    .as(shop.service)
    .data<SaveData>(SAVE, { input: aTurn(shop, { occurredAt: at, ...input }) });
  const { usage } = answer.saveMessage.message.tracking;
  if (!usage) throw new Error('The turn was not charged.');
  return usage.id;
}

/** What `verify` finds of a shop's statements. */
export async function statementDifferences(app: TestApp, shop: TestWorkspace) {
  return (await verifyStatements(app.database, await workspaceOf(app, shop))).differences;
}

/** What an operation on old turns must leave as it is: a period's figures, all statements, and no difference. */
export async function figuresOf(app: TestApp, shop: TestWorkspace, period: { from: string; to: string }) {
  const api = app.api.as(shop.client);
  const of = { workspaceId: shop.id, period };
  return {
    totals: await api.data(TOTALS, of),
    outcomes: await api.data(OUTCOMES, of),
    statements: await fixedForms(app, shop),
    differences: [await differences(app, shop), await statementDifferences(app, shop)],
  };
}

/** The ledger lines of each closed month, byte for byte. */
export async function fixedForms(app: TestApp, { id }: TestWorkspace): Promise<Map<string, string>> {
  const snapshot = new Snapshot(app.database, app.clock.now());
  const { items } = await listStatements(snapshot, id, { first: 100 });
  await snapshot.end();
  const found = new Map<string, string>();
  const lease = await Lease.take(app.database);
  for (const { node } of items) {
    let text = '';
    for await (const piece of fixedForm(lease, node, node.currency, node.previousSha256))
      text += String(piece);
    found.set(node.month, text);
  }
  await lease.release();
  return found;
}

/** Whether each statement of the shop is sealed, in their order. */
export const sealedStatements = async (app: TestApp, { id }: TestWorkspace): Promise<boolean[]> =>
  (
    await app.database.sql<{ sealed: boolean }>(
      'SELECT sealed_at IS NOT NULL AS sealed FROM statements WHERE workspace_id = $1 ORDER BY number',
      [id],
    )
  ).map((row) => row.sealed);
