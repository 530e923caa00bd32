import type { QueryRunner } from 'typeorm';

/**
 * What an expanding migration put off until no older server runs: it takes away what only those needed. Never run by a
 * start or by plain `migrate`, but on a database that is new and empty. Each statement may be run again.
 */
export interface Contraction {
  readonly name: string;
  isDone(runner: QueryRunner): Promise<boolean>;
  /** What must be done before, in words; undefined: nothing. */
  obstacle(runner: QueryRunner): Promise<string | undefined>;
  run(runner: QueryRunner): Promise<void>;
}

/** Of Ledger1700000000004. */
export const ledgerContraction: Contraction = {
  name: 'Ledger',

  async isDone(runner) {
    const [found]: { done: boolean }[] = await runner.query(
      `SELECT to_regclass('charges_unfilled') IS NULL AND bool_and(a.attnotnull) AS done FROM pg_attribute a
       WHERE a.attrelid = to_regclass('charges') AND a.attname IN ('epoch', 'month')`,
    );
    return found?.done === true;
  },

  async obstacle(runner) {
    // Asked of the table where the index is gone already: a contraction that was broken off.
    const [found]: { rows: bigint }[] = await runner.query(
      'SELECT count(*) AS rows FROM charges c WHERE c.month IS NULL',
    );
    const rows = BigInt(found?.rows ?? 0n);
    return rows === 0n
      ? undefined
      : `${rows} charges of an older version are still to be filled. A running server does it, and its log says how far it is.`;
  },

  async run(runner) {
    // A valid CHECK spares SET NOT NULL its scan under a lock that stops everybody.
    await runner.query(`ALTER TABLE charges
      DROP CONSTRAINT IF EXISTS charges_filled,
      ADD CONSTRAINT charges_filled CHECK (epoch IS NOT NULL AND month IS NOT NULL) NOT VALID`);
    await runner.query('ALTER TABLE charges VALIDATE CONSTRAINT charges_filled');
    await runner.query('ALTER TABLE charges VALIDATE CONSTRAINT charges_reversals_not_positive');
    await runner.query('ALTER TABLE messages VALIDATE CONSTRAINT messages_outcome_known');
    await runner.query('DROP TRIGGER IF EXISTS charges_stamp_epoch ON charges');
    await runner.query('DROP FUNCTION IF EXISTS stamp_epoch()');
    await runner.query('DROP TRIGGER IF EXISTS charges_only_filled ON charges');
    await runner.query(`CREATE OR REPLACE TRIGGER charges_append_only BEFORE UPDATE OR DELETE ON charges
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`);
    await runner.query(`ALTER TABLE charges ALTER COLUMN epoch SET NOT NULL, ALTER COLUMN month SET NOT NULL,
      DROP CONSTRAINT IF EXISTS charges_filled`);
    await runner.query('SET lock_timeout = 0');
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS charges_unfilled');
    await runner.query("SET lock_timeout = '3s'");
  },
};
