// What tests of the ledger begin with: a shop whose one customer's turns are charged.

import { inTransaction } from '../../src/database/transaction';
import { verifyStatements } from '../../src/services/ledger/statement-check';
import { getWorkspace } from '../../src/services/workspaces/workspaces';
import { aCustomer, aTurn, aWorkspace, type TestApp, type TestWorkspace } from './app';
import { SAVE, type SaveData } from './operations';

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
export async function statementDifferences(app: TestApp, { id }: TestWorkspace) {
  const workspace = await inTransaction(app.database, (sql) => getWorkspace(sql, id, app.clock.now()));
  return (await verifyStatements(app.database, workspace)).differences;
}
