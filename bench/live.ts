// Rows about subscriptions: what a thousand of them cost those who save.
import { SUBSCRIPTIONS_OF_PROCESS, SUBSCRIPTIONS_OF_TOKEN } from '../src/services/signals/live-feed';
import { run } from './client';
import { MANY } from './data-set';
import { checkSave, saves } from './operations';
import { startServer, startSubscribers } from './processes';
import { ProcessorTimes } from './processor';
import { range, rate, times } from './results';
import { type Bench, inTurns } from './writes';

const [WITHOUT = '', WITH = ''] = MANY.slice(30);
const ACTOR = { name: 'bench' };

/** One server each: ticks of one workspace are no work for who saves to the other. */
export async function measureLive(bench: Bench): Promise<void> {
  const { databaseUrl, options, results, services, tokens } = bench;
  const none = await startServer({ DATABASE_URL: databaseUrl });
  const thousand = await startServer({ DATABASE_URL: databaseUrl });
  const subscribers = await startSubscribers({
    url: thousand.url,
    workspaceId: WITH,
    tokens: await manyTokens(services.tokens),
  });
  let ticks = 0;
  const processor = await ProcessorTimes.of<'none' | 'silent' | 'thousand'>(bench);
  const load = (name: 'none' | 'silent' | 'thousand', server: typeof none, workspace: string) => async () => {
    const before = await subscribers.ticks();
    const measured = await processor.measure(name, server.pid, () =>
      run({
        ...{ urls: [server.url], token: tokens.service, callers: 64, seconds: options.seconds },
        ...{ body: saves([workspace]), check: checkSave },
      }),
    );
    if (workspace === WITH) ticks += (await subscribers.ticks()) - before;
    return measured;
  };
  const found = await inTurns(bench, 'live', {
    none: load('none', none, WITHOUT),
    // The same process and sockets, but no ticks: what the two servers differ by.
    silent: load('silent', thousand, WITHOUT),
    thousand: load('thousand', thousand, WITH),
  });
  await none.stop();
  await thousand.stop();
  const ratio = found.thousand.rate.median / found.none.rate.median;
  // A stretch lasts half a second longer than what is measured of it, and the first round warms up.
  const ticksASecond = ticks / ((options.rounds + 1) * (options.seconds + 0.5));
  results.add({
    what: `saveMessage, 64 callers, ${SUBSCRIPTIONS_OF_PROCESS} subscribers of its workspace against none`,
    measured: `${times(ratio)}: ${range(found.thousand.rate, rate)} to ${range(found.none.rate, rate)}; ${rate(ticksASecond)} ticks; ${range(found.silent.rate, rate)} beside subscribers of another workspace`,
    target: 'at least 0.95 ×',
    met: ratio >= 0.95,
    values: { thousand: found.thousand.rate, silent: found.silent.rate, none: found.none.rate, ticksASecond },
  });
  const same = 'the same in processor time a save, of server and database';
  processor.addRow(bench, same, 'thousand', 'none', 1.05);
}

/** Each as often as it may subscribe. */
async function manyTokens(tokens: Bench['services']['tokens']): Promise<string[]> {
  const made: string[] = [];
  while (made.length < SUBSCRIPTIONS_OF_PROCESS) {
    const { token } = await tokens.create({ kind: 'client', name: 'bench', workspaceIds: [WITH] }, ACTOR);
    for (let one = 0; one < SUBSCRIPTIONS_OF_TOKEN; one += 1) made.push(token);
  }
  return made.slice(0, SUBSCRIPTIONS_OF_PROCESS);
}
