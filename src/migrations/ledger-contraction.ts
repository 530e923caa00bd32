import { dropIndex, setNotNull } from './beside-saves';
import type { Contraction } from './contraction';

/** The contraction of Ledger1700000000004. */
export const ledgerContraction: Contraction = {
  name: 'Ledger',
  unfilled: { table: 'charges', missing: 'month IS NULL' },
  drops: [],

  async isDone(runner) {
    const [found]: { done: boolean }[] = await runner.query(
      `SELECT to_regclass('charges_unfilled') IS NULL AND bool_and(a.attnotnull) AS done FROM pg_attribute a
       WHERE a.attrelid = to_regclass('charges') AND a.attname IN ('epoch', 'month')`,
    );
    return found?.done === true;
  },

  async run(runner) {
    await setNotNull(runner, 'charges', ['epoch', 'month']);
    await runner.query('ALTER TABLE charges VALIDATE CONSTRAINT charges_reversals_not_positive');
    await runner.query('ALTER TABLE messages VALIDATE CONSTRAINT messages_outcome_known');
    await runner.query('DROP TRIGGER IF EXISTS charges_stamp_epoch ON charges');
    await runner.query('DROP FUNCTION IF EXISTS stamp_epoch()');
    await runner.query('DROP TRIGGER IF EXISTS charges_only_filled ON charges');
    await runner.query(`CREATE OR REPLACE TRIGGER charges_append_only BEFORE UPDATE OR DELETE ON charges
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`);
    await dropIndex(runner, 'charges_unfilled');
  },
};
