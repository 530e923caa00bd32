import { DIGEST_NEVER_CHANGED, keepsRawKeys, messagesOnlyRemoved } from './1700000000006-people';
import { REMOVED_WITH_TEXTS } from './1700000000009-dimensions';
import { dropIndex, setNotNull } from './beside-saves';
import type { Contraction } from './contraction';

/**
 * The contraction of People1700000000006. It drops the raw key, and with it the phone number in WhatsApp's message ids.
 */
export const peopleContraction: Contraction = {
  name: 'People',
  unfilled: { table: 'messages', missing: 'key_digest IS NULL' },
  drops: ['messages.idempotency_key'],

  async isDone(runner) {
    const [found]: { filled: boolean }[] = await runner.query(
      "SELECT to_regclass('messages_unkeyed') IS NULL AS filled",
    );
    return found?.filled === true && !(await keepsRawKeys(runner));
  },

  async run(runner) {
    await setNotNull(runner, 'messages', ['key_digest']);
    await runner.query('ALTER TABLE messages VALIDATE CONSTRAINT messages_have_a_contact');
    await runner.query('ALTER TABLE customers VALIDATE CONSTRAINT customers_have_an_identity');
    await runner.query('DROP TRIGGER IF EXISTS messages_stamp_key ON messages');
    await runner.query('DROP FUNCTION IF EXISTS stamp_key_digest()');
    await runner.query(messagesOnlyRemoved(DIGEST_NEVER_CHANGED, REMOVED_WITH_TEXTS));
    await runner.query(`ALTER TABLE messages
      DROP CONSTRAINT IF EXISTS messages_one_per_key,
      DROP COLUMN IF EXISTS idempotency_key`);
    await dropIndex(runner, 'messages_unkeyed');
  },
};
