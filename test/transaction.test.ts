// A transaction that PostgreSQL rolls back for a conflict is run again, as a whole.
import { inTransaction } from '../src/database/transaction';
import { startApp, type TestApp } from './support/app';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  await app.database.sql('CREATE TABLE attempts (attempt int)');
});
afterAll(() => app.stop());

/** Fails with this SQLSTATE until `succeedsAt`; answers with how many attempts there were. */
async function attempts(sqlState: string, succeedsAt: number): Promise<number> {
  let attempt = 0;
  await inTransaction(app.database, async (sql) => {
    attempt += 1;
    await sql.query('note_attempt', 'INSERT INTO attempts VALUES ($1)', [attempt]);
    if (attempt < succeedsAt)
      await sql.query(
        'conflict',
        `DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '${sqlState}'; END $$`,
      );
  }).catch((error: unknown) => {
    if (attempt === succeedsAt) throw error;
  });
  return attempt;
}

it.each(['40001', '40P01'])(
  'runs again on %s, five times at most, and keeps only what was committed',
  async (state) => {
    await app.database.sql('TRUNCATE attempts');
    expect(await attempts(state, 5)).toBe(5);
    expect(await app.database.sql('SELECT attempt FROM attempts')).toEqual([{ attempt: 5 }]);
    expect(await attempts(state, 100)).toBe(5);
  },
);

it('does not repeat a transaction that fails for another reason', async () => {
  expect(await attempts('23514', 100)).toBe(1);
});
