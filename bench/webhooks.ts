// What webhooks that hang cost those who save.
import { type AddressInfo, createServer } from 'node:net';
import { inTransaction } from '../src/database/transaction';
import { writeEvents } from '../src/services/signals/events';
import { SecretBox } from '../src/services/signals/webhook-secrets';
import { WebhookService } from '../src/services/signals/webhook-service';
import { WebhookAddresses } from '../src/services/signals/webhook-url';
import { WEBHOOKS_LIMIT } from '../src/services/signals/webhooks';
import { run } from './client';
import { MANY } from './data-set';
import { checkSave, saves } from './operations';
import { startServer } from './processes';
import { ProcessorTimes } from './processor';
import { range, rate, times } from './results';
import { type Bench, inTurns } from './writes';

const ACTOR = { name: 'bench' };
const KEY = 'a_key_of_the_bench_that_is_no_secret';
/** More than can be called in the run: each webhook is being called all the time. */
const EVENTS = 200;
const SAVING = MANY.slice(0, 10);

export async function measureWebhooks(bench: Bench): Promise<void> {
  const { options, results, tokens, databaseUrl, database, client } = bench;
  let calls = 0;
  const deaf = createServer((socket) => {
    calls += 1;
    socket.on('error', () => undefined).resume();
  });
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(deaf.address() as AddressInfo).port}`;
  const addresses = new WebhookAddresses([host]);
  const webhooks = new WebhookService(database, () => new Date(), new SecretBox(KEY), addresses);
  const workspaceId = SAVING[0] ?? '';
  // Of a kept data set.
  await client.query('DELETE FROM webhook_deliveries');
  await client.query('DELETE FROM webhooks');
  for (let made = 0; made < WEBHOOKS_LIMIT; made += 1)
    await webhooks.create(workspaceId, { url: `http://${host}/${made}`, events: ['USAGE_VOIDED'] }, ACTOR);
  const drafts = Array.from({ length: EVENTS }, () => ({ type: 'USAGE_VOIDED', data: {} }) as const);
  await inTransaction(database, (sql) => writeEvents(sql, workspaceId, drafts, new Date()));
  // As after their first time-outs: a server makes one call of each at a time.
  const fail = () => client.query("UPDATE webhooks SET failing_since = now() - interval '1 hour'");
  // A server of its own each time, so that nothing is called while the other is measured. Without a key it calls nobody.
  const processor = await ProcessorTimes.of<'none' | 'hanging'>(bench);
  const beside = (name: 'none' | 'hanging', settings: Record<string, string>) => async () => {
    await fail();
    const server = await startServer({ DATABASE_URL: databaseUrl, ...settings });
    try {
      return await processor.measure(name, server.pid, () =>
        run({
          ...{ urls: [server.url], token: tokens.service, callers: 64, seconds: options.seconds },
          ...{ body: saves(SAVING), check: checkSave },
        }),
      );
    } finally {
      await server.stop();
    }
  };
  const found = await inTurns(bench, 'webhooks', {
    none: beside('none', {}),
    hanging: beside('hanging', { SECRETS_KEY: KEY, WEBHOOK_ALLOW_HOSTS: host }),
  });
  deaf.close();
  const ratio = found.hanging.rate.median / found.none.rate.median;
  results.add({
    what: `saveMessage, 64 callers, beside ${WEBHOOKS_LIMIT} webhooks that hang against none`,
    measured: `${times(ratio)}: ${range(found.hanging.rate, rate)} to ${range(found.none.rate, rate)}; ${calls} calls`,
    target: 'at least 0.97 ×',
    met: ratio >= 0.97,
    values: { hanging: found.hanging.rate, none: found.none.rate },
  });
  const same = 'the same in processor time a save, of server and database';
  processor.addRow(bench, same, 'hanging', 'none', 1.03);
}
