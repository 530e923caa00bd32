import { MigrationInterface, QueryRunner } from 'typeorm';
import { buildIndexes } from './beside-saves';

/**
 * Prepares the tables for erasing a person. WhatsApp's message ids contain the phone number in base64, so from now on a
 * turn is found by a digest of its key: HMAC-SHA-256 with a random secret of the workspace. The texts, contacts and raw
 * key of a turn can change in one way only: all of them are removed at once.
 *
 * It only expands, so a server of the version before can still run. That server writes turns without a digest: a
 * trigger sets it, and servers of this version fill it in in older rows. `centesimo migrate --contract` ends this
 * (people-contraction.ts).
 *
 * It locks one table at a time, so it has no transaction, and each statement can be run again: see Ledger1700000000004.
 *
 * Citus: messages, customers and voids stay distributed by workspace_id. The secret is a column of workspaces, because
 * a save already holds its workspace's row there.
 */
export class People1700000000006 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await this.secrets(runner);
    await runner.query(`ALTER TABLE messages
      ADD COLUMN IF NOT EXISTS key_digest bytea,
      ADD COLUMN IF NOT EXISTS text_removed_at timestamptz,
      ALTER COLUMN idempotency_key DROP NOT NULL,
      DROP CONSTRAINT IF EXISTS messages_have_a_contact,
      ADD CONSTRAINT messages_have_a_contact CHECK (
        text_removed_at IS NULL AND (phone_number IS NOT NULL OR whatsapp_user_id IS NOT NULL)
        OR text_removed_at IS NOT NULL AND message = ''
          AND num_nonnulls(response, phone_number, whatsapp_user_id) = 0) NOT VALID,
      DROP CONSTRAINT IF EXISTS messages_raw_key_with_text,
      ADD CONSTRAINT messages_raw_key_with_text CHECK (
        (idempotency_key IS NULL) = (text_removed_at IS NOT NULL)
        AND num_nonnulls(idempotency_key, key_digest) > 0) NOT VALID`);
    await runner.query(`ALTER TABLE customers
      ADD COLUMN IF NOT EXISTS erased_at timestamptz,
      DROP CONSTRAINT IF EXISTS customers_have_an_identity,
      ADD CONSTRAINT customers_have_an_identity CHECK (
        (erased_at IS NULL) = (phone_number IS NOT NULL OR whatsapp_user_id IS NOT NULL)) NOT VALID`);
    await this.messageTriggers(runner);
    await this.auditTriggers(runner);
    await this.indexes(runner);
  }

  /**
   * The two pads of HMAC (RFC 2104), each as long as a block of SHA-256 (64 bytes): the key XOR 0x36, then the key XOR
   * 0x5c. The first is drawn at random, which is the same as drawing the key; the second is the first XOR 0x36 XOR 0x5c
   * = 106. They are stored, since each save needs them and PostgreSQL has no XOR for bytea. They are a default, so that
   * workspaces which an older server makes have them too. gen_random_uuid() uses the system's secure random source; the
   * extension pgcrypto may be missing.
   */
  private async secrets(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE FUNCTION new_key_pads() RETURNS bytea LANGUAGE sql VOLATILE AS $$
        WITH inner_pad AS MATERIALIZED (
          SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
            || uuid_send(gen_random_uuid()) AS bytes
        )
        SELECT p.bytes || (
          SELECT string_agg(set_byte('\\x00'::bytea, 0, get_byte(p.bytes, n) # 106), ''::bytea ORDER BY n)
          FROM generate_series(0, 63) n) FROM inner_pad p
      $$`);
    // The default is computed for each row. The rewrite is short, since a workspace is one row.
    await runner.query(
      'ALTER TABLE workspaces ADD COLUMN IF NOT EXISTS key_pads bytea NOT NULL DEFAULT new_key_pads()',
    );
  }

  private async messageTriggers(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE FUNCTION stamp_key_digest() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        SELECT sha256(substr(w.key_pads, 65) || sha256(substr(w.key_pads, 1, 64) || convert_to(NEW.idempotency_key, 'UTF8')))
        INTO NEW.key_digest FROM workspaces w WHERE w.id = NEW.workspace_id;
        RETURN NEW;
      END $$`);
    await runner.query(`CREATE OR REPLACE TRIGGER messages_stamp_key BEFORE INSERT ON messages
      FOR EACH ROW WHEN (NEW.key_digest IS NULL) EXECUTE FUNCTION stamp_key_digest()`);
    // The CHECKs ensure that contacts, texts and the raw key are removed together, and that a turn always has one of
    // its two keys. The second CHECK is dropped with the column of the raw key.
    await runner.query(messagesOnlyRemoved(RAW_KEY_ONLY_REMOVED));
  }

  /** Lets the audit trail lose a customer's personal values. Nothing else of the trail ever changes. */
  private async auditTriggers(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE OR REPLACE TRIGGER audit_entries_only_emptied BEFORE UPDATE ON audit_entries
      FOR EACH ROW WHEN (OLD.action NOT IN ('customer.registered', 'customer.updated')
        OR NEW.before IS NOT NULL OR NEW.after IS NOT NULL
        OR ROW(NEW.id, NEW.at, NEW.actor, NEW.action, NEW.workspace_id, NEW.subject)
          IS DISTINCT FROM ROW(OLD.id, OLD.at, OLD.actor, OLD.action, OLD.workspace_id, OLD.subject))
      EXECUTE FUNCTION refuse_change()`);
    await runner.query(`CREATE OR REPLACE TRIGGER audit_entries_append_only BEFORE DELETE ON audit_entries
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`);
  }

  private indexes(runner: QueryRunner): Promise<void> {
    return buildIndexes(runner, [
      // Saves each turn once: together with the unique raw key until the contraction, alone after it. Replays are found
      // by it.
      { name: 'messages_one_per_digest', unique: true, on: 'messages (workspace_id, key_digest)' },
      // Rows that are still to be filled. It is empty when all are filled; the contraction drops it.
      { name: 'messages_unkeyed', on: 'messages (workspace_id, id) WHERE key_digest IS NULL' },
    ]);
  }

  /** Why the migration can't be reverted; undefined: it can. */
  async obstacleToDown(runner: QueryRunner): Promise<string | undefined> {
    const keyless = (await keepsRawKeys(runner)) ? 'WHERE m.idempotency_key IS NULL' : '';
    const [found]: { keyless: boolean; erased: boolean }[] = await runner.query(
      `SELECT EXISTS (SELECT FROM messages m ${keyless}) AS keyless,
         EXISTS (SELECT FROM customers c WHERE c.erased_at IS NOT NULL) AS erased`,
    );
    if (found?.keyless)
      return 'Turns are known by digests of their keys alone, so the version before would charge a repeated key twice: this step is not undone.';
    if (found?.erased)
      return 'Customers were erased, and the version before needs a contact of each: this step is not undone.';
    return undefined;
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const trigger of ['messages_stamp_key', 'messages_only_removed'])
      await runner.query(`DROP TRIGGER IF EXISTS ${trigger} ON messages`);
    await runner.query('DROP FUNCTION IF EXISTS stamp_key_digest()');
    await runner.query('DROP TRIGGER IF EXISTS audit_entries_only_emptied ON audit_entries');
    await runner.query(`CREATE OR REPLACE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
      FOR EACH ROW EXECUTE FUNCTION refuse_change()`);
    if (!(await keepsRawKeys(runner))) {
      // The database is contracted and has no turn: see obstacleToDown.
      await runner.query(`ALTER TABLE messages ADD COLUMN idempotency_key text NOT NULL,
        ADD CONSTRAINT messages_one_per_key UNIQUE (workspace_id, idempotency_key)`);
    }
    await runner.query(`ALTER TABLE messages
      ALTER COLUMN idempotency_key SET NOT NULL,
      DROP CONSTRAINT IF EXISTS messages_have_a_contact,
      DROP COLUMN IF EXISTS key_digest,
      DROP COLUMN IF EXISTS text_removed_at`);
    await runner.query(`ALTER TABLE messages ADD CONSTRAINT messages_have_a_contact
      CHECK (phone_number IS NOT NULL OR whatsapp_user_id IS NOT NULL)`);
    await runner.query(`ALTER TABLE customers
      DROP CONSTRAINT IF EXISTS customers_have_an_identity,
      DROP COLUMN IF EXISTS erased_at`);
    await runner.query(`ALTER TABLE customers ADD CONSTRAINT customers_have_an_identity
      CHECK (phone_number IS NOT NULL OR whatsapp_user_id IS NOT NULL)`);
    await runner.query('ALTER TABLE workspaces DROP COLUMN IF EXISTS key_pads');
    await runner.query('DROP FUNCTION IF EXISTS new_key_pads()');
  }
}

/** The conditions that a turn's keys must not meet: before the contraction, and after it. */
export const RAW_KEY_ONLY_REMOVED = `NEW.key_digest IS DISTINCT FROM OLD.key_digest AND OLD.key_digest IS NOT NULL
        OR NEW.idempotency_key IS DISTINCT FROM OLD.idempotency_key AND NEW.idempotency_key IS NOT NULL`;
export const DIGEST_NEVER_CHANGED = 'NEW.key_digest IS DISTINCT FROM OLD.key_digest';

const REMOVED = ['message', 'response', 'phone_number', 'whatsapp_user_id', 'text_removed_at'];

/**
 * Lets a turn's texts and contacts be removed once, and never changed. `keys`: the condition that its keys must not
 * meet. `later`: columns that a later migration adds to the removed ones.
 */
export function messagesOnlyRemoved(keys: string, later: readonly string[] = []): string {
  const row = (version: string) =>
    `ROW(${[...REMOVED, ...later].map((column) => `${version}.${column}`).join(', ')})`;
  return `
  CREATE OR REPLACE TRIGGER messages_only_removed BEFORE UPDATE ON messages
    FOR EACH ROW WHEN (
      ${row('NEW')} IS DISTINCT FROM ${row('OLD')}
        AND (OLD.text_removed_at IS NOT NULL OR NEW.text_removed_at IS NULL)
      OR ${keys})
    EXECUTE FUNCTION refuse_change()`;
}

export async function keepsRawKeys(runner: QueryRunner): Promise<boolean> {
  const [found]: { kept: boolean }[] = await runner.query(
    `SELECT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass('messages')
       AND a.attname = 'idempotency_key' AND NOT a.attisdropped) AS kept`,
  );
  return found?.kept === true;
}
