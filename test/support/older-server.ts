// A server of the version before, as the database sees it: its statements with its parameters.
import { rollUpKeys } from '../../src/services/roll-ups/roll-ups';
import { newId } from '../../src/values/ids';
import { CHARGE_DEFERRED, INSERT_DEFERRED, INSERT_TURNS } from '../fixtures/older-server';
import type { TestDatabase } from './database';

export interface OlderTurn {
  workspaceId: string;
  customerId: string;
  timeZone: string;
  at: Date;
  /** Default: one of its own. */
  key?: string;
}

let made = 0;
const nextKey = () => `older.${++made}`;

/** Saves and charges one turn; answers with its charge's id. */
export async function saveAsOlder(database: TestDatabase, turn: OlderTurn): Promise<string> {
  const chargeId = newId();
  const keys = rollUpKeys(turn.at, turn.timeZone);
  const [version] = await database.sql<{ settings_version: string }>(
    'SELECT settings_version FROM workspaces WHERE id = $1',
    [turn.workspaceId],
  );
  const refused = await database.sql(INSERT_TURNS, [
    ...[
      [newId()],
      [turn.workspaceId],
      [version?.settings_version],
      [turn.key ?? nextKey()],
      ['+393331234567'],
      [null],
    ],
    ...[[turn.customerId], ['ciao'], ['Ciao!'], ['TRACKED'], [turn.at], [turn.at], [chargeId], [5_000]],
    ...[[keys.slotAt], [keys.day], [keys.month], 3],
  ]);
  if (refused.length > 0) throw new Error('The key was taken, or the workspace had changed.');
  return chargeId;
}

/** Saves one turn without its charge, and charges it later, as the older reconciliation did. */
export async function deferAsOlder(database: TestDatabase, turn: OlderTurn): Promise<() => Promise<void>> {
  const id = newId();
  await database.sql(INSERT_DEFERRED, [
    ...[turn.workspaceId, id, nextKey(), '+393331234567', null, turn.customerId, 'ciao', 'Ciao!', 5_000],
    ...[turn.at, turn.at],
  ]);
  return () => chargeLateAsOlder(database, { ...turn, id });
}

/** Charges a turn that was saved without its charge. */
export async function chargeLateAsOlder(
  database: TestDatabase,
  { workspaceId, id, at, timeZone }: Pick<OlderTurn, 'workspaceId' | 'at' | 'timeZone'> & { id: string },
): Promise<void> {
  const { slotAt, day, month } = rollUpKeys(at, timeZone);
  await database.sql(CHARGE_DEFERRED, [[workspaceId], [id], [newId()], [slotAt], [day], [month], at, 0]);
}
