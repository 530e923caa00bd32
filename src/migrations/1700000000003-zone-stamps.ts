import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * By which zone data a workspace's local days were cut. An upgrade of Node can change a zone's past; days that are stored
 * keep their old bounds until they are rebuilt. An older server neither reads nor writes it.
 *
 * One row a workspace, found by its key alone: no other index. On Citus it lies with its workspace.
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
