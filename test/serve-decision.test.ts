// serveDecision: may this contact be served now?
import { ACTOR, aCustomer, startApp, type TestApp, type TestWorkspace } from './support/app';
import { budgetsOf, DECIDE } from './support/budgets';
import { aChargedShop } from './support/charged-shop';

let app: TestApp;
let shop: TestWorkspace;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  app.clock.set('2026-03-15T12:00:00Z');
  shop = await aChargedShop(app);
});
const { set, save, decide } = budgetsOf(() => ({ app, shop }));

describe('serveDecision', () => {
  it('gives the first reason that applies', async () => {
    await set({ limit: '1', enforcement: 'STOP' });
    const off = { name: 'Off', phoneNumber: '+393330000009', activeChatbot: false };
    await aCustomer(app, shop, off);
    expect(await decide('+393330000005')).toMatchObject({
      ...{ allowed: false, reason: 'UNKNOWN_CUSTOMER', customer: null, budget: null, resetsAt: null },
    });
    expect(await decide(off.phoneNumber)).toMatchObject({
      ...{ allowed: false, reason: 'INACTIVE_CUSTOMER', customer: { name: 'Off' } },
    });
    expect(await decide()).toMatchObject({ allowed: true, reason: 'OK', resetsAt: null });
    await save(1);
    app.clock.advance(1_000);
    expect(await decide()).toMatchObject({
      ...{ allowed: false, reason: 'BUDGET_REACHED', resetsAt: '2026-03-31T22:00:00.000Z' },
      budget: { name: 'month', state: { used: '1', customer: null } },
    });
    // Advice: a save is never refused.
    await save(1);
    await app.services.workspaces.remove(shop.id, ACTOR);
    expect(await decide()).toMatchObject({ allowed: false, reason: 'WORKSPACE_ARCHIVED' });
    expect(await decide('+393330000005')).toMatchObject({ reason: 'WORKSPACE_ARCHIVED' });
  });

  it('says that a customer is switched off, or a workspace archived, before a budget is looked at', async () => {
    await set({ limit: '1', enforcement: 'STOP' });
    const off = { name: 'Off', phoneNumber: '+393330000009', activeChatbot: false };
    await aCustomer(app, shop, off);
    await save(1);
    expect(await decide(off.phoneNumber)).toMatchObject({ reason: 'INACTIVE_CUSTOMER', budget: null });
    expect(await decide()).toMatchObject({ reason: 'BUDGET_REACHED' });
    await app.services.workspaces.remove(shop.id, ACTOR);
    expect(await decide(off.phoneNumber)).toMatchObject({ reason: 'WORKSPACE_ARCHIVED', budget: null });
  });

  it("lets a customer's own budget replace those for each, also when it only notifies", async () => {
    const rita = await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
    const each = { subject: 'EACH_CUSTOMER', interval: 'DAY', limit: '1', enforcement: 'STOP' } as const;
    await set({ ...each, name: 'each' });
    await save(2, { phoneNumber: '+393330000001' });
    expect(await decide('+393330000001')).toMatchObject({ reason: 'BUDGET_REACHED' });
    await set({ name: 'rita', subject: 'CUSTOMER', customerId: rita.id, interval: 'DAY', limit: '100' });
    expect(await decide('+393330000001')).toMatchObject({ reason: 'OK', budget: null });
    // Of the same interval and measure alone.
    await set({ ...each, name: 'each month', interval: 'MONTH' });
    expect(await decide('+393330000001')).toMatchObject({
      ...{ reason: 'BUDGET_REACHED', budget: { name: 'each month' } },
    });
  });

  it('names the budget that is closest to its limit while none is reached', async () => {
    await set({ name: 'a', limit: '100', enforcement: 'STOP' });
    await set({ name: 'b', limit: '4', enforcement: 'STOP' });
    await set({ name: 'c', limit: '50', enforcement: 'STOP' });
    await save(2);
    expect(await decide()).toMatchObject({ reason: 'OK', budget: { name: 'b', state: { used: '2' } } });
  });

  it('finds a contact as a save does: by user id, else by number', async () => {
    await aCustomer(app, shop, { name: 'Rita', whatsappUserId: 'IT.1' });
    expect(await decide(null, 'IT.1')).toMatchObject({ customer: { name: 'Rita' } });
    expect(await decide('+393331234567', 'IT.1')).toMatchObject({ customer: { name: 'Rita' } });
    expect(await decide('393331234567', 'IT.2')).toMatchObject({ customer: { name: 'Mario Rossi' } });
    const code = app.api.as(shop.service).code(DECIDE, { id: shop.id });
    expect(await code).toBe('BAD_USER_INPUT');
  });

  it("shows the contact's own figures, STOP budgets only, and of several reached ones that which ends last", async () => {
    await aCustomer(app, shop, { name: 'Rita', phoneNumber: '+393330000001' });
    await set({ name: 'notify', limit: '1', thresholds: [100] });
    expect(await decide()).toMatchObject({ reason: 'OK', budget: null });
    await set({ name: 'day', subject: 'EACH_CUSTOMER', interval: 'DAY', limit: '2', enforcement: 'STOP' });
    await set({ name: 'long', subject: 'EACH_CUSTOMER', interval: 'MONTH', limit: '2', enforcement: 'STOP' });
    await save(2, { phoneNumber: '+393330000001' });
    expect(await decide()).toMatchObject({
      ...{ reason: 'OK', budget: { state: { used: '0', customer: { name: 'Mario Rossi' } } } },
    });
    expect(await decide('+393330000001')).toMatchObject({
      ...{ reason: 'BUDGET_REACHED', budget: { name: 'long', state: { customer: { name: 'Rita' } } } },
      resetsAt: '2026-03-31T22:00:00.000Z',
    });
  });

  it('uses sums of the workspace that are at most a second old, and says of when they are', async () => {
    await set({ limit: '2', enforcement: 'STOP' });
    await save(1);
    expect(await decide()).toMatchObject({ reason: 'OK', asOf: '2026-03-15T12:00:00.000Z' });
    await save(1);
    app.clock.advance(999);
    expect(await decide()).toMatchObject({ reason: 'OK', asOf: '2026-03-15T12:00:00.000Z' });
    app.clock.advance(1);
    expect(await decide()).toMatchObject({ reason: 'BUDGET_REACHED', asOf: '2026-03-15T12:00:01.000Z' });
    // The next month is another question, however young the sums are.
    app.clock.set('2026-03-31T21:59:59.900Z');
    expect(await decide()).toMatchObject({ reason: 'BUDGET_REACHED' });
    app.clock.set('2026-03-31T22:00:00.100Z');
    expect(await decide()).toMatchObject({ reason: 'OK', budget: { state: { used: '0' } } });
  });
});
