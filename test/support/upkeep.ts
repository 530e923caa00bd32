// What an operator's commands say of a shop: verify and rebuild, run in the test's process.
import { Snapshot } from '../../src/database/snapshot';
import { rebuildWorkspace } from '../../src/services/upkeep/rebuild';
import { type Verification, verifyWorkspace } from '../../src/services/upkeep/verify';
import { getWorkspace, type Workspace } from '../../src/services/workspaces/workspaces';
import type { TestApp } from './app';

interface Shop {
  id: string;
}

async function inSnapshot<Value>(app: TestApp, read: (snapshot: Snapshot) => Promise<Value>): Promise<Value> {
  const snapshot = new Snapshot(app.database, app.clock.now());
  try {
    return await read(snapshot);
  } finally {
    await snapshot.end();
  }
}

/** The shop as it is stored now. */
export const workspaceOf = (app: TestApp, { id }: Shop): Promise<Workspace> =>
  inSnapshot(app, (snapshot) => getWorkspace(snapshot, id, app.clock.now()));

/** Compares the shop's roll-ups with its records. */
export const verify = (app: TestApp, { id }: Shop): Promise<Verification> =>
  inSnapshot(app, async (snapshot) =>
    verifyWorkspace(snapshot, await getWorkspace(snapshot, id, app.clock.now())),
  );

/** How many rows of the shop's roll-ups differ from its records. */
export const differences = async (app: TestApp, shop: Shop): Promise<bigint> =>
  (await verify(app, shop)).differences;

/** Makes the shop's roll-ups anew from its records. */
export async function rebuild(app: TestApp, shop: Shop): Promise<void> {
  await rebuildWorkspace(app.database, await workspaceOf(app, shop), () => undefined);
}
