import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How long texts are kept. It expands only: an older server neither reads nor writes this table, and keeps all texts.
 *
 * On Citus it is distributed by workspace_id beside the messages. One statement looks across workspaces: what is due.
 *
 * One table's lock at a time, so without a transaction, as Ledger1700000000004: each statement may be run again.
 */
export class Retention1700000000011 implements MigrationInterface {
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS text_retentions (
        workspace_id text NOT NULL,
        keep_days integer NOT NULL,
        due_at timestamptz NOT NULL,
        walked_at timestamptz,
        walked_id uuid,
        whole_at timestamptz NOT NULL,
        CONSTRAINT text_retentions_pkey PRIMARY KEY (workspace_id),
        CONSTRAINT text_retentions_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        CONSTRAINT text_retentions_days_range CHECK (keep_days BETWEEN 1 AND 3650)
      )`);
    await runner.query('CREATE INDEX IF NOT EXISTS text_retentions_due ON text_retentions (due_at)');
  }

  /** Why it can't be taken back; undefined: it can. */
  async obstacleToDown(runner: QueryRunner): Promise<string | undefined> {
    const [used]: { used: boolean }[] = await runner.query(
      'SELECT EXISTS (SELECT FROM text_retentions) AS used',
    );
    return used?.used
      ? 'A workspace keeps its texts for some days only, and the version before would keep them for ever: end that first, with workspace update ID --keep-messages off.'
      : undefined;
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS text_retentions');
  }
}
