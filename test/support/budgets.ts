// Helpers that set budgets of a shop and read their state.
import { aTurn, type TestApp, type TestWorkspace } from './app';
import { citusNodes } from './database';
import { SAVE, type SaveData } from './operations';

export type BudgetInput = Parameters<TestApp['services']['budgets']['set']>[1];
export const MONTH: BudgetInput = {
  ...{ name: 'month', subject: 'WORKSPACE', measure: 'MESSAGES', limit: '10', interval: 'MONTH' },
  ...{ thresholds: [50, 100], enforcement: 'NOTIFY' },
};

export interface Told {
  type: string;
  data: {
    threshold?: number;
    used?: string;
    forecast?: string;
    customerId: string | null;
    period: { firstDay: string; from: string; to: string };
  };
}

const STATES = /* GraphQL */ `
  query ($id: ID!) { budgets(workspaceId: $id) {
    id name subject measure limit interval thresholds forecast enforcement customer { name }
    state { period { from to timeZone complete } used remaining usedPercent customer { name } crossed }
  } }`;
export interface StateData {
  name: string;
  limit: string;
  customer: { name: string } | null;
  state: {
    used: string;
    remaining: string;
    usedPercent: string;
    customer: { name: string } | null;
    crossed: number[];
  };
}

export const DECIDE = /* GraphQL */ `
  query ($id: ID!, $phone: PhoneNumber, $user: String) {
    serveDecision(workspaceId: $id, phoneNumber: $phone, whatsappUserId: $user) {
      allowed reason resetsAt asOf customer { name } budget { name limit state { used remaining usedPercent customer { name } } }
    } }`;
export interface Decision {
  allowed: boolean;
  reason: string;
  resetsAt: string | null;
  asOf: string;
  customer: { name: string } | null;
  budget: { name: string; state: { used: string; customer: { name: string } | null } } | null;
}

/** For the app and the shop of the test that runs. */
export function budgetsOf(current: () => { app: TestApp; shop: TestWorkspace }) {
  const set = (input: Partial<BudgetInput> = {}, to = current().app) =>
    to.services.budgets.set(current().shop.id, { ...MONTH, ...input }, { name: 'test' });

  async function save(count = 1, input: Record<string, unknown> = {}, to = current().app): Promise<string[]> {
    const { shop } = current();
    const ids: string[] = [];
    for (let done = 0; done < count; done += 1) {
      const { saveMessage } = await to.api
        .as(shop.service)
        .data<SaveData>(SAVE, { input: aTurn(shop, input) });
      ids.push(saveMessage.message.tracking.usage?.id ?? '');
    }
    return ids;
  }

  const look = () => current().app.services.budgetWatch.look();

  async function sweep(to = current().app): Promise<void> {
    // Of this shop alone: those of earlier tests have thousands of customers. Row by row in one order, since another
    // server may hold some of them.
    await to.database.sql(
      // Citus locks no rows of several nodes in one order; no test there looks from two servers at once.
      citusNodes()
        ? "UPDATE budget_sweeps SET due_at = CASE WHEN workspace_id = $1 THEN '-infinity' ELSE 'infinity' END::timestamptz"
        : `UPDATE budget_sweeps s SET due_at = CASE s.workspace_id WHEN $1 THEN '-infinity' ELSE 'infinity' END::timestamptz
       FROM (SELECT workspace_id FROM budget_sweeps ORDER BY workspace_id FOR UPDATE) held
       WHERE held.workspace_id = s.workspace_id`,
      [current().shop.id],
    );
    await to.services.budgetWatch.sweep();
  }

  const events = async (of = current().shop, to = current().app): Promise<Told[]> =>
    (
      await to.database.sql<{ body: string }>(
        'SELECT body FROM events WHERE workspace_id = $1 ORDER BY sequence',
        [of.id],
      )
    ).map(({ body }) => JSON.parse(body));

  const thresholds = async () => (await events()).map(({ data }) => [data.threshold, data.used]);

  const states = async (): Promise<StateData[]> => {
    const { app, shop } = current();
    return (await app.api.as(shop.client).data<{ budgets: StateData[] }>(STATES, { id: shop.id })).budgets;
  };

  const decide = async (
    phone: string | null = '+393331234567',
    user: string | null = null,
  ): Promise<Decision> => {
    const { app, shop } = current();
    const variables = { id: shop.id, phone, user };
    return (await app.api.as(shop.service).data<{ serveDecision: Decision }>(DECIDE, variables))
      .serveDecision;
  };

  return { set, save, look, sweep, events, thresholds, states, decide };
}
