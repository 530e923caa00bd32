// Collects what the rows of one request ask for, and asks the database once. All reads use the request's snapshot.
import DataLoader from 'dataloader';
import type { Snapshot } from '../database/snapshot';
import { forbiddenWorkspace } from '../errors';
import { type CustomerTimelineChoice, findCustomerTimelines } from '../services/analytics/customer-timeline';
import { findUsageByCustomer } from '../services/analytics/customer-usage';
import { findOutcomesByCustomer, NO_TURNS, type OutcomeCount } from '../services/analytics/outcomes';
import { findMessagesById, type MessageRow } from '../services/analytics/records';
import { type ScopeChoice, scopeOf } from '../services/analytics/scope';
import type { TimelinePoint } from '../services/analytics/timeline';
import { NO_USAGE, type Totals } from '../services/analytics/totals';
import { type Customer, findCustomersById } from '../services/customers/customers';
import { findSinceClosing, type SinceClosing } from '../services/ledger/since-closing';
import type { StatementRow } from '../services/ledger/statements';
import { findBudgetStates } from '../services/signals/budget-states';
import type { Budget as BudgetRow } from '../services/signals/budgets';
import { listWorkspaces, type Workspace } from '../services/workspaces/workspaces';
import { choiceTexts } from '../values/period';
import { BudgetState } from './types/budget';

export interface RowKey {
  workspaceId: string;
  id: string;
}

/** Every argument that changes the value is part of the key: two aliases with two periods don't share a value. */
export interface CustomerScopeKey extends RowKey {
  choice: ScopeChoice;
}

export interface CustomerTimelineKey extends RowKey {
  choice: CustomerTimelineChoice;
}

export interface CustomerUsage {
  totals: Totals;
  currency: string;
}

export interface CustomerTimeline {
  points: TimelinePoint[];
  currency: string;
}

export interface Loaders {
  workspaces: DataLoader<string, Workspace>;
  customers: DataLoader<RowKey, Customer, string>;
  messages: DataLoader<RowKey, MessageRow, string>;
  customerUsage: DataLoader<CustomerScopeKey, CustomerUsage, string>;
  customerOutcomes: DataLoader<CustomerScopeKey, readonly OutcomeCount[], string>;
  customerTimelines: DataLoader<CustomerTimelineKey, CustomerTimeline, string>;
  budgetStates: DataLoader<BudgetRow, BudgetState, string>;
  sinceClosing: DataLoader<StatementRow, SinceClosing, string>;
}

const MAX_BATCH = 500;

export function createLoaders(snapshot: Snapshot): Loaders {
  const workspaces = workspaceLoader(snapshot);
  return {
    workspaces,
    customers: rowLoader('customers', (workspaceId, ids) => findCustomersById(snapshot, workspaceId, ids)),
    messages: rowLoader('messages', (workspaceId, ids) => findMessagesById(snapshot, workspaceId, ids)),
    customerUsage: customerLoader('customerUsage', async ([{ workspaceId, choice }], ids) => {
      const scope = scopeOf(await workspaces.load(workspaceId), choice, snapshot.asOf);
      const usage = await findUsageByCustomer(snapshot, scope, ids);
      const { currency } = scope.workspace;
      return ids.map((id) => ({ totals: usage.get(id) ?? NO_USAGE, currency }));
    }),
    customerOutcomes: customerLoader('customerOutcomes', async ([{ workspaceId, choice }], ids) => {
      const scope = scopeOf(await workspaces.load(workspaceId), choice, snapshot.asOf);
      const outcomes = await findOutcomesByCustomer(snapshot, scope, ids);
      return ids.map((id) => outcomes.get(id) ?? NO_TURNS);
    }),
    customerTimelines: customerLoader('customerTimelines', async ([{ workspaceId, choice }], ids) => {
      const workspace = await workspaces.load(workspaceId);
      const timelines = await findCustomerTimelines(snapshot, workspace, choice, snapshot.asOf, ids);
      return timelines.map((points) => ({ points, currency: workspace.currency }));
    }),
    budgetStates: budgetStateLoader(snapshot, workspaces),
    sinceClosing: sinceClosingLoader(snapshot, workspaces),
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

/** One statement per workspace. Ids come from foreign keys: a missing row is a bug. */
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

/** Questions about single customers: those that differ only in the customer are answered together. */
function customerLoader<Key extends RowKey & { choice: Choice }, Value>(
  name: string,
  find: (group: Group<Key>, ids: readonly string[]) => Promise<Value[]>,
): DataLoader<Key, Value, string> {
  return new DataLoader<Key, Value, string>(
    (keys) =>
      inGroups(keys, questionOf, (_, group) =>
        find(
          group,
          group.map((key) => key.id),
        ),
      ),
    {
      name,
      maxBatchSize: MAX_BATCH,
      cacheKeyFn: (key) => JSON.stringify([questionOf(key), key.id]),
    },
  );
}

function budgetStateLoader(snapshot: Snapshot, workspaces: Loaders['workspaces']): Loaders['budgetStates'] {
  return new DataLoader<BudgetRow, BudgetState, string>(
    (budgets) =>
      inGroups(
        budgets,
        ({ workspaceId }) => workspaceId,
        async (workspaceId, group) => {
          const workspace = await workspaces.load(workspaceId);
          const states = await findBudgetStates(snapshot, workspace, group, snapshot.asOf);
          return states.map((state) => BudgetState.of(state, workspace.currency, snapshot.asOf));
        },
      ),
    {
      name: 'budgetStates',
      maxBatchSize: MAX_BATCH,
      cacheKeyFn: ({ workspaceId, id, version }) => JSON.stringify([workspaceId, id, version]),
    },
  );
}

function sinceClosingLoader(snapshot: Snapshot, workspaces: Loaders['workspaces']): Loaders['sinceClosing'] {
  return new DataLoader<StatementRow, SinceClosing, string>(
    (statements) =>
      inGroups(
        statements,
        ({ workspaceId }) => workspaceId,
        async (workspaceId, group) =>
          findSinceClosing(snapshot, await workspaces.load(workspaceId), group, snapshot.asOf),
      ),
    {
      name: 'sinceClosing',
      maxBatchSize: MAX_BATCH,
      cacheKeyFn: ({ workspaceId, number }) => JSON.stringify([workspaceId, number]),
    },
  );
}

type Choice = ScopeChoice & Partial<CustomerTimelineChoice>;

/** Keys with the same text are answered by one statement. */
function questionOf({ workspaceId, choice }: RowKey & { choice: Choice }): string {
  const { period, timeZone, interval } = choice;
  return JSON.stringify([workspaceId, choiceTexts(period), timeZone, interval]);
}

type Group<Key> = readonly [Key, ...Key[]];

/** Answers each group of keys by itself: an error of one group does not affect the others. */
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
