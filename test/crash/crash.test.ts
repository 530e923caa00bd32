// kill -9 under load: no acknowledged turn may be lost, stored twice or charged twice. Two servers that do lose turns
// show that this test detects it.
import { randomOf } from '../support/documents';
import { longForm } from '../support/long-form';
import { CrashRig, type RigOptions, type Target, type Verdict } from './harness';

const ROUNDS = Number(process.env.SOAK_CRASH_ROUNDS ?? 1);
const SEED = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);
const TARGETS: readonly Target[] = ['server', 'database', 'both'];

jest.setTimeout(120_000 + ROUNDS * 60_000);

let rig: CrashRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

async function crash(
  rounds: number,
  targets: readonly Target[],
  options: RigOptions,
  mostBetween: number,
): Promise<Verdict> {
  const random = randomOf(SEED);
  rig = await CrashRig.start(options);
  rig.startClient();
  for (let round = 0; round < rounds; round += 1) {
    for (const target of targets) {
      await rig.progress(20 + Math.floor(random() * mostBetween));
      await rig.kill(target);
    }
  }
  return rig.judge();
}

const report = (verdict: Verdict): void => console.info(`seed ${SEED}`, JSON.stringify(verdict));

it('loses nothing, doubles nothing and counts right when server, database or both are killed under load', async () => {
  const verdict = await crash(ROUNDS, TARGETS, {}, 200);
  report(verdict);

  expect(verdict).toMatchObject({ lost: 0, duplicated: 0, chargedWrongly: 0, refused: [] });
  expect(verdict).toMatchObject({ notRetried: 0, differences: 0, strays: 0 });
  expect(verdict.acknowledged).toBeGreaterThan(ROUNDS * 60);
});

longForm('catches a server that answers before the COMMIT', async () => {
  const verdict = await crash(2, ['server'], { broken: true }, 30);
  expect(verdict.lost).toBeGreaterThan(0);
});

longForm('catches a database that acknowledges what it has not written down', async () => {
  const verdict = await crash(2, ['database'], { asynchronousCommit: true }, 100);
  expect(verdict.lost).toBeGreaterThan(0);
});
