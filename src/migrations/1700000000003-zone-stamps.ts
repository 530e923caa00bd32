import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The zone data with which a workspace's local days were computed. An upgrade of Node can change a zone's past; stored
 * days keep their old bounds until they are rebuilt. An older server neither reads nor writes this table.
 *
 * It has one row per workspace, found by its primary key, so it has no other index. On Citus it is distributed by
 * workspace_id, beside its workspace.
 */
export class ZoneStamps1700000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE zone_stamps (
        workspace_id text NOT NULL,
        time_zone text NOT NULL,
        tzdata text NOT NULL,
        history text[] NOT NULL,
        CONSTRAINT zone_stamps_pkey PRIMARY KEY (workspace_id),
        CONSTRAINT zone_stamps_workspace_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE zone_stamps');
  }
}
