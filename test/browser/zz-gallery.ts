import { existsSync, writeFileSync } from 'node:fs';
import { Client } from 'pg';
import { inTransaction } from '../../src/database/transaction';
import { rebuildWorkspace } from '../../src/services/upkeep/rebuild';
import { getWorkspace } from '../../src/services/workspaces/workspaces';
import { aCustomer, aToken, aTurn, aWorkspace } from '../support/app';
import { SAVE } from '../support/operations';
import { openShop } from './shop';

it('serves', async () => {
  const shop = await openShop();
  const { app } = shop;
  const save = (token: string, input: Record<string, unknown>) => app.api.as(token).data(SAVE, { input });
  const long = await aWorkspace(app, { name: 'R'.repeat(60) + 'istorante' });
  const names = ['W'.repeat(200), 'Mario Rossi', 'Anna Maria Bartolomea Ferrari-Castiglione della Rovere'];
  for (const [i, name] of names.entries()) {
    await aCustomer(app, long, { name, phoneNumber: `+39333123456${i}` });
    for (let n = 0; n <= i * 3; n += 1)
      await save(long.service, aTurn(long, { phoneNumber: `+39333123456${i}`, message: 'x'.repeat(300) }));
  }
  const jpy = await aWorkspace(app, { name: 'Sushi Kyoto', currency: 'JPY', pricePerResponse: '2' } as never);
  await aCustomer(app, jpy, { name: 'Yuki', phoneNumber: '+393331234567' });
  for (let n = 0; n < 25; n += 1) await save(jpy.service, aTurn(jpy));
  const one = await aWorkspace(app, { name: 'Bar Uno' });
  await aCustomer(app, one, { name: 'Mario Rossi', phoneNumber: '+393331234567' });
  await aCustomer(app, one, { name: 'Mai Scritto', phoneNumber: '+393331234569' });
  await save(one.service, aTurn(one));
  const empty = await aWorkspace(app, { name: 'Nuovo' });
  const million = await aWorkspace(app, { name: 'Grande Catena' });
  const client = new Client({ connectionString: app.database.url });
  await client.connect();
  await client.query(
    `INSERT INTO customers (workspace_id, id, name, phone_number, active_chatbot, created_at, updated_at)
     SELECT $1, (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-' || left(md5($1), 12))::uuid,
       'Customer ' || n, '+39333' || lpad(n::text, 7, '0'), true, '2021-01-01Z', '2021-01-01Z' FROM generate_series(1, 2000) n`,
    [million.id],
  );
  await client.query('SET session_replication_role = replica');
  if (!process.env.NO_MILLION)
    await client.query(
      `WITH turns AS MATERIALIZED (
         SELECT n, lpad(to_hex(n), 8, '0') || '-' AS head, n % 25 <> 0 AS charged,
           (lpad(to_hex(1 + floor(2000 * random() * random())::int), 8, '0') || '-0000-7000-8000-' || left(md5($1), 12))::uuid AS customer_id,
           now() - interval '60 days' * random() - interval '1 hour' AS at FROM generate_series(1, 1000000) n
       ), saved AS (
         INSERT INTO messages (workspace_id, id, idempotency_key, customer_id, phone_number, message, response, outcome, occurred_at, saved_at)
         SELECT $1, (t.head || '0000-7000-8000-000000000001')::uuid, 'bench.' || lpad(t.n::text, 10, '0'),
           t.customer_id, '+393330000001', 'Buongiorno', CASE WHEN t.charged THEN 'Certo!' END,
           CASE WHEN t.charged THEN 'TRACKED' ELSE 'NO_RESPONSE' END, t.at, t.at FROM turns t)
       INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at)
       SELECT $1, (t.head || '0000-7000-8000-000000000002')::uuid, (t.head || '0000-7000-8000-000000000001')::uuid,
         t.customer_id, 5000, t.at, t.at FROM turns t WHERE t.charged`,
      [million.id],
    );
  await client.query('SET session_replication_role = origin');
  await client.end();
  const workspace = await inTransaction(app.database, (sql) =>
    getWorkspace(sql, million.id, app.services.clock()),
  );
  await rebuildWorkspace(app.database, workspace, () => undefined);
  const two = await aToken(app, { kind: 'client', workspaceIds: ['workspace-123', long.id] });
  writeFileSync(
    '/tmp/gal/info.json',
    JSON.stringify({
      url: app.url,
      client: shop.client,
      analyst: shop.analyst,
      service: shop.service,
      long,
      jpy,
      one,
      empty,
      million,
      two,
    }),
  );
  app.clock.set(new Date());
  while (!existsSync('/tmp/gal/stop')) {
    app.clock.set(new Date());
    await new Promise((r) => setTimeout(r, 500));
  }
  await shop.stop();
}, 36_000_000);
