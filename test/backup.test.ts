// A dump of one database, restored into another: the same figures, the same keys, the same tokens.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Snapshot } from '../src/database/snapshot';
import { verifyWorkspace } from '../src/services/verify';
import { getWorkspace } from '../src/services/workspaces';
import { aCustomer, aTurn, aWorkspace, startApp, TestClock } from './support/app';
import { createDatabase } from './support/database';
import { SAVE, type SaveData, TOTALS } from './support/operations';

/** Debian's folders of PostgreSQL's programs, newest first. */
const DEBIAN = '/usr/lib/postgresql';
const folders = existsSync(DEBIAN)
  ? readdirSync(DEBIAN)
      .map(Number)
      .filter((version) => existsSync(join(DEBIAN, String(version), 'bin/pg_dump')))
      .sort((a, b) => b - a)
  : [];

interface Report {
  usage: { totals: object };
}

// pg_dump refuses a server that is newer than itself: the embedded one is an 18, and .ci/run's second one a 15.
const NEEDED = process.env.TEST_DATABASE_URL ? 15 : 18;
const version = folders.find((found) => found >= NEEDED);
const rehearsed = version === undefined ? it.skip : it;

const run = (program: string, ...args: string[]): string =>
  execFileSync(join(DEBIAN, String(version), 'bin', program), args, { encoding: 'utf8', stdio: 'pipe' });

rehearsed(
  'is whole: figures, verdicts, keys and tokens, and the roll-ups agree with the records',
  async () => {
    const clock = new TestClock();
    const app = await startApp({ clock });
    const restored = await createDatabase({ empty: true });
    const folder = await mkdtemp(join(tmpdir(), 'centesimo-backup-'));
    try {
      const shop = await aWorkspace(app);
      await aCustomer(app, shop, { phoneNumber: '+393331234567' });
      const turns = Array.from({ length: 40 }, (_, index) =>
        aTurn(shop, { ...(index % 4 === 0 ? { response: null } : {}) }),
      );
      for (const input of turns) await app.api.as(shop.service).data<SaveData>(SAVE, { input });
      const asked = { workspaceId: shop.id };
      const before = await app.api.as(shop.client).data<Report>(TOTALS, asked);

      const dump = join(folder, 'centesimo.dump');
      run('pg_dump', '--format=custom', `--file=${dump}`, app.database.url);
      run('pg_restore', '--no-owner', `--dbname=${restored.url}`, dump);

      const again = await startApp({ clock, database: restored });
      try {
        expect(await again.api.as(shop.client).data<Report>(TOTALS, asked)).toEqual(before);
        const snapshot = new Snapshot(again.database, clock.now());
        const workspace = await getWorkspace(snapshot, shop.id, clock.now());
        expect(await verifyWorkspace(snapshot, workspace)).toMatchObject({ differences: 0n });
        await snapshot.end();
        const [first] = turns;
        const replay = await again.api.as(shop.service).data<SaveData>(SAVE, { input: first ?? {} });
        expect(replay.saveMessage.replayed).toBe(true);
        const fresh = await again.api.as(shop.service).data<SaveData>(SAVE, { input: aTurn(shop) });
        expect(fresh.saveMessage.replayed).toBe(false);
      } finally {
        await again.stop();
      }
    } finally {
      await app.stop();
      await restored.drop();
      await rm(folder, { recursive: true, force: true });
    }
  },
);
