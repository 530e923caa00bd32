// Who gets a workspace's row first: whoever locks it alone, or the saves that come after?
import { Client } from 'pg';
import { GATES, gateOf } from '../../src/services/workspaces/workspaces';
import type { TestApp } from './app';
import { until } from './embedded-process';

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
  const waiting = async () =>
    (
      await app.database.sql(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      )
    ).length;
  try {
    // What a save holds until its COMMIT.
    await earlierSave.query('BEGIN');
    await earlierSave.query('SELECT pg_advisory_xact_lock_shared($1, $2)', [GATES, gateOf(workspaceId)]);
    await earlierSave.query('SELECT id FROM workspaces WHERE id = $1 FOR SHARE', [workspaceId]);
    const locked = locking();
    await until(async () => (await waiting()) === 1, 'the lock to be waited for');
    let passed = false;
    const saved = save().then(() => {
      passed = true;
    });
    await until(async () => passed || (await waiting()) === 2, 'the later save to wait, or to pass');
    const answer = passed;
    await earlierSave.query('COMMIT');
    await Promise.all([locked, saved]);
    return answer;
  } finally {
    await earlierSave.end();
  }
}
