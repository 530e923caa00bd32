// What one request asks for row by row, and the database is asked for once: all on the request's snapshot.
import DataLoader from 'dataloader';
import type { Snapshot } from '../database/snapshot';
import { forbiddenWorkspace } from '../errors';
import { findUsageByCustomer } from '../services/analytics/customer-usage';
import { findMessagesById, type MessageRow } from '../services/analytics/records';
import { type ScopeChoice, scopeOf } from '../services/analytics/scope';
import { NO_USAGE, type Totals } from '../services/analytics/totals';
import { type Customer, findCustomersById } from '../services/customers/customers';
import { listWorkspaces, type Workspace } from '../services/workspaces/workspaces';

export interface RowKey {
  workspaceId: string;
  id: string;
}

/** Every argument that changes the value is a part of the key: two aliases with two periods don't share. */
export interface CustomerUsageKey extends RowKey {
  choice: ScopeChoice;
}

export interface CustomerUsage {
  totals: Totals;
  currency: string;
}

export interface Loaders {
  workspaces: DataLoader<string, Workspace>;
  customers: DataLoader<RowKey, Customer, string>;
  messages: DataLoader<RowKey, MessageRow, string>;
  customerUsage: DataLoader<CustomerUsageKey, CustomerUsage, string>;
}

const MAX_BATCH = 500;

export function createLoaders(snapshot: Snapshot): Loaders {
  const workspaces = workspaceLoader(snapshot);
  return {
    workspaces,
    customers: rowLoader('customers', (workspaceId, ids) => findCustomersById(snapshot, workspaceId, ids)),
    messages: rowLoader('messages', (workspaceId, ids) => findMessagesById(snapshot, workspaceId, ids)),
    customerUsage: customerUsageLoader(snapshot, workspaces),
  };
}

function workspaceLoader(snapshot: Snapshot): Loaders['workspaces'] {
  return new DataLoader<string, Workspace>(
    async (ids) => {
      const rows = await listWorkspaces(snapshot, ids, snapshot.asOf);
      const found = new Map(rows.map((workspace) => [workspace.id, workspace]));
      return ids.map((id) => found.get(id) ?? forbiddenWorkspace(id));
    },
    { name: 'workspaces', maxBatchSize: MAX_BATCH },
  );
}

/** One statement a workspace. Rows are asked for by the ids of other rows, so that one is missing can't be. */
function rowLoader<Row>(
  name: string,
  find: (workspaceId: string, ids: readonly string[]) => Promise<Map<string, Row>>,
): DataLoader<RowKey, Row, string> {
  return new DataLoader<RowKey, Row, string>(
    (keys) =>
      inGroups(
        keys,
        (key) => key.workspaceId,
        async (workspaceId, group) => {
          const rows = await find(
            workspaceId,
            group.map((key) => key.id),
          );
          return group.map(({ id }) => rows.get(id) ?? new Error(`${name}: ${workspaceId} has no ${id}`));
        },
      ),
    { name, maxBatchSize: MAX_BATCH, cacheKeyFn: ({ workspaceId, id }) => JSON.stringify([workspaceId, id]) },
  );
}

function customerUsageLoader(
  snapshot: Snapshot,
  workspaces: Loaders['workspaces'],
): Loaders['customerUsage'] {
  return new DataLoader<CustomerUsageKey, CustomerUsage, string>(
    (keys) =>
      inGroups(keys, questionOf, async (_, group) => {
        const [{ workspaceId, choice }] = group;
        const scope = scopeOf(await workspaces.load(workspaceId), choice, snapshot.asOf);
        const usage = await findUsageByCustomer(
          snapshot,
          scope,
          group.map((key) => key.id),
        );
        const { currency } = scope.workspace;
        return group.map(({ id }) => ({ totals: usage.get(id) ?? NO_USAGE, currency }));
      }),
    {
      name: 'customerUsage',
      maxBatchSize: MAX_BATCH,
      cacheKeyFn: (key) => JSON.stringify([questionOf(key), key.id]),
    },
  );
}

/** The keys of one text are answered by one statement. */
function questionOf({ workspaceId, choice: { period, timeZone } }: CustomerUsageKey): string {
  const { preset, month, from, to } = period ?? {};
  return JSON.stringify([workspaceId, preset, month, from, to, timeZone]);
}

type Group<Key> = readonly [Key, ...Key[]];

/** Answers each group of keys for itself: what one of them fails with is not the others' error. */
async function inGroups<Key, Value>(
  keys: readonly Key[],
  groupOf: (key: Key) => string,
  answer: (name: string, group: Group<Key>) => Promise<(Value | Error)[]>,
): Promise<(Value | Error)[]> {
  const groups = new Map<string, [Key, ...Key[]]>();
  for (const key of keys) {
    const name = groupOf(key);
    const group = groups.get(name);
    if (group) group.push(key);
    else groups.set(name, [key]);
  }
  const answers = new Map<Key, Value | Error>();
  await Promise.all(
    [...groups].map(async ([name, group]) => {
      const values = await answer(name, group).catch(toError);
      group.forEach((key, index) => {
        const value = values instanceof Error ? values : values[index];
        if (value !== undefined) answers.set(key, value);
      });
    }),
  );
  return keys.map((key) => answers.get(key) ?? new Error('A loader was not answered.'));
}

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
