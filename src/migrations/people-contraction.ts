import type { Contraction } from './contraction';

/** Of People1700000000006: the raw key goes, and with it the phone number inside WhatsApp's message ids. */
export const peopleContraction: Contraction = {
  name: 'People',
  unfilled: { table: 'messages', missing: 'key_digest IS NULL' },
  drops: ['messages.idempotency_key'],

  async isDone(runner) {
    const [found]: { done: boolean }[] = await runner.query(
      `SELECT to_regclass('messages_unkeyed') IS NULL AND NOT EXISTS (SELECT FROM pg_attribute a
         WHERE a.attrelid = to_regclass('messages') AND a.attname = 'idempotency_key' AND NOT a.attisdropped) AS done`,
    );
    return found?.done === true;
  },

  async run(runner) {
    // A valid CHECK spares SET NOT NULL its scan under a lock that stops everybody.
    await runner.query(`ALTER TABLE messages
      DROP CONSTRAINT IF EXISTS messages_keyed,
      ADD CONSTRAINT messages_keyed CHECK (key_digest IS NOT NULL) NOT VALID`);
    await runner.query('ALTER TABLE messages VALIDATE CONSTRAINT messages_keyed');
    await runner.query('ALTER TABLE messages VALIDATE CONSTRAINT messages_have_a_contact');
    await runner.query('ALTER TABLE customers VALIDATE CONSTRAINT customers_have_an_identity');
    await runner.query('DROP TRIGGER IF EXISTS messages_stamp_key ON messages');
    await runner.query('DROP FUNCTION IF EXISTS stamp_key_digest()');
    await runner.query(`CREATE OR REPLACE TRIGGER messages_only_removed BEFORE UPDATE ON messages
      FOR EACH ROW WHEN (
        ROW(NEW.message, NEW.response, NEW.phone_number, NEW.whatsapp_user_id, NEW.text_removed_at)
          IS DISTINCT FROM ROW(OLD.message, OLD.response, OLD.phone_number, OLD.whatsapp_user_id, OLD.text_removed_at)
          AND (OLD.text_removed_at IS NOT NULL OR NEW.text_removed_at IS NULL)
        OR NEW.key_digest IS DISTINCT FROM OLD.key_digest)
      EXECUTE FUNCTION refuse_change()`);
    await runner.query(`ALTER TABLE messages ALTER COLUMN key_digest SET NOT NULL,
      DROP CONSTRAINT IF EXISTS messages_keyed,
      DROP CONSTRAINT IF EXISTS messages_one_per_key,
      DROP COLUMN IF EXISTS idempotency_key`);
    await runner.query('SET lock_timeout = 0');
    await runner.query('DROP INDEX CONCURRENTLY IF EXISTS messages_unkeyed');
    await runner.query("SET lock_timeout = '3s'");
  },
};
