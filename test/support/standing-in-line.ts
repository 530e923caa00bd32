// Which of two gets a workspace's row first: a change that locks it alone, or saves that come later?
import { Client } from 'pg';
import { GATES, gateOf } from '../../src/services/workspaces/workspaces';
import type { TestApp } from './app';
import { untilWaiting } from './lock-waits';

/**
 * Starts `locking` while an earlier save holds the workspace, then `save` while that waits. Answers with whether the later
 * save passed: then saves without a pause would starve whoever locks.
 */
export async function laterSavePasses(
  app: TestApp,
  workspaceId: string,
  locking: () => Promise<unknown>,
  save: () => Promise<unknown>,
): Promise<boolean> {
  const earlierSave = new Client({ connectionString: app.database.url });
  await earlierSave.connect();
  try {
    // What a save holds until its COMMIT.
    await earlierSave.query('BEGIN');
    await earlierSave.query('SELECT pg_advisory_xact_lock_shared($1, $2)', [GATES, gateOf(workspaceId)]);
    await earlierSave.query('SELECT id FROM workspaces WHERE id = $1 FOR SHARE', [workspaceId]);
    const locked = locking();
    await untilWaiting(app.database, 1);
    let passed = false;
    const saved = save().then(() => {
      passed = true;
    });
    await untilWaiting(app.database, 2, () => passed);
    const answer = passed;
    await earlierSave.query('COMMIT');
    await Promise.all([locked, saved]);
    return answer;
  } finally {
    await earlierSave.end();
  }
}
