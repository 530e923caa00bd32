// The server with the rights of examples/deploy/roles.sql: it does all its work, and can't do harm.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aCustomer, aToken, aTurn, aWorkspace, startApp } from './support/app';
import { createDatabase } from './support/database';
import { SAVE, type SaveData, TOTALS, type TotalsData } from './support/operations';
import { Receiver } from './support/receiver';

it('saves, charges, registers and reports as a user who can neither delete nor change the schema', async () => {
  const database = await createDatabase();
  const role = `${database.name}_app`;
  const roles = readFileSync(join(__dirname, '../examples/deploy/roles.sql'), 'utf8');
  await database.sql(roles.replaceAll('centesimo_app', role).replace('change me', role));
  const url = new URL(database.url);
  url.username = role;
  url.password = role;
  const owner = await startApp({ database });
  const receiver = await Receiver.start();
  const config = { secretsKey: 'x'.repeat(32), webhookAllowHosts: [receiver.host] };
  const app = await startApp({ database: { ...database, url: url.toString() }, config });
  try {
    const shop = await aWorkspace(owner);
    await aCustomer(app, shop, { phoneNumber: '+393331234567' });
    const input = aTurn(shop, { workflow: 'orders', channel: 'web' });
    expect((await app.api.as(shop.service).data<SaveData>(SAVE, { input })).saveMessage.replayed).toBe(false);
    expect((await app.api.as(shop.service).data<SaveData>(SAVE, { input })).saveMessage.replayed).toBe(true);
    const { usage } = await app.api.as(shop.client).data<TotalsData>(TOTALS, { workspaceId: shop.id });
    expect(usage.totals.messages).toBe(1);
    expect(await app.services.reconciler.run()).toEqual({ charged: 0, failed: 0 });
    const hook = { url: receiver.url, events: ['USAGE_VOIDED', 'STATEMENT_CLOSED'] as const };
    const { webhook } = await app.services.webhooks.create(shop.id, hook, { name: 'test' });
    const { webhook: off } = await app.services.webhooks.create(shop.id, hook, { name: 'test' });
    await app.services.webhooks.update(shop.id, off.id, { state: 'PAUSED' }, { name: 'test' });
    const correcting = await aToken(owner, {
      kind: 'client',
      workspaceIds: [shop.id],
      scopes: ['usage:read', 'usage:correct'],
    });
    const { usageRecords } = await app.api
      .as(correcting)
      .data<{ usageRecords: { nodes: { id: string }[] } }>(
        'query ($id: ID!) { usageRecords(workspaceId: $id) { nodes { id } } }',
        { id: shop.id },
      );
    await app.api
      .as(correcting)
      .data('mutation ($input: VoidUsageInput!) { voidUsage(input: $input) { replayed } }', {
        input: { workspaceId: shop.id, usageRecordId: usageRecords.nodes[0]?.id, reason: 'a mistake' },
      });
    await app.services.budgets.set(
      shop.id,
      {
        ...{ name: 'each', subject: 'EACH_CUSTOMER', measure: 'MESSAGES', limit: '1', interval: 'DAY' },
        ...{ thresholds: [100], enforcement: 'STOP' },
      },
      { name: 'test' },
    );
    await app.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop) });
    const unanswered = aTurn(shop, { response: null, failure: 'no answer' });
    await app.api.as(shop.service).data<SaveData>(SAVE, { input: unanswered });
    await app.services.budgetWatch.look();
    await app.services.budgetWatch.sweep();
    const erasing = await aToken(owner, {
      kind: 'client',
      workspaceIds: [shop.id],
      scopes: ['customers:erase'],
    });
    await expect(
      app.api
        .as(erasing)
        .data('mutation ($input: EraseCustomerInput!) { eraseCustomer(input: $input) { messages } }', {
          input: { workspaceId: shop.id, phoneNumber: '+393331234567', reason: 'asked for it' },
        }),
    ).resolves.toEqual({ eraseCustomer: { messages: 3 } });
    await owner.services.workspaces.update(shop.id, { keepDays: 30 }, { name: 'test' });
    await app.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop) });
    app.clock.set('2026-06-15T12:00:00Z');
    expect(await app.services.retention.runDue()).toBe(1);
    await owner.services.workspaces.update(shop.id, { closeDay: 5 }, { name: 'test' });
    app.clock.set('2026-06-15T12:00:01Z');
    await app.services.closing.closeDue();
    expect((await app.services.closing.close(shop.id, '2026-05', { name: 'test' })).replayed).toBe(true);
    const types = async () =>
      (await database.sql<{ type: string }>('SELECT type FROM events ORDER BY sequence')).map(
        ({ type }) => type,
      );
    expect([...new Set(await types())]).toEqual(['USAGE_VOIDED', 'BUDGET_THRESHOLD', 'STATEMENT_CLOSED']);
    await app.services.webhookDeliverer.look();
    await app.services.webhookDeliverer.settle();
    expect(receiver.received.map(({ body }) => JSON.parse(body).type).sort()).toEqual(
      (await types()).filter((type) => type !== 'BUDGET_THRESHOLD').sort(),
    );
    await app.services.webhooks.rotate(shop.id, webhook.id, { name: 'test' });
    expect(await app.services.webhooks.remove(shop.id, webhook.id, { name: 'test' })).toBe(true);
    app.clock.advance(401 * 86_400_000);
    await app.services.eventExpiry.run();
    expect(await types()).toEqual([]);
    for (const statement of [
      'DELETE FROM messages',
      'DELETE FROM charges',
      'DELETE FROM voids',
      'DELETE FROM dimension_values',
      "UPDATE dimension_values SET value = 'x'",
      'DELETE FROM dimension_days',
      'DELETE FROM cost_days',
      'UPDATE messages SET llm_cost_nanos = 0',
      "INSERT INTO model_prices (workspace_id, model, starts_at, input_micros, cached_input_micros, output_micros, recorded_at) VALUES ('x', 'x', now(), 1, 1, 1, now())",
      "INSERT INTO channel_prices (workspace_id, starts_at, amount_micros, recorded_at) VALUES ('x', now(), 1, now())",
      'DELETE FROM statements',
      'UPDATE statements SET month = month',
      'UPDATE statement_lines SET messages = 0',
      "UPDATE events SET body = '{}'",
      'TRUNCATE messages CASCADE',
      'DROP TABLE charges',
      'UPDATE messages SET customer_id = NULL',
      'UPDATE charges SET amount_micros = 0',
      'UPDATE text_retentions SET keep_days = 1',
      "INSERT INTO prices (workspace_id, starts_at, amount_micros, recorded_at) VALUES ('x', now(), 1, now())",
    ]) {
      await expect(app.database.dataSource.query(statement)).rejects.toThrow(
        /permission denied|must be owner/,
      );
    }
    // It may empty a turn to forget it, and a trigger lets it do nothing else.
    await expect(app.database.dataSource.query("UPDATE messages SET message = 'other'")).rejects.toThrow(
      'rows of messages are never changed',
    );
  } finally {
    await app.stop();
    await owner.stop();
    await receiver.stop();
    await database.sql(`DROP OWNED BY ${role}`);
    await database.sql(`DROP ROLE ${role}`);
    await database.drop();
  }
});
