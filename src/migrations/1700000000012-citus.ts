import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What distributing the tables over the nodes of Citus needs. A table's part on a node is named after the table and a
 * number (prices_102040), so the trigger's function must know such a name too. It changes nothing elsewhere, and adds no
 * table.
 */
export class Citus1700000000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      refuseChange("TG_TABLE_NAME ~ '^prices(_[0-9]+)?$'", "regexp_replace(TG_TABLE_NAME, '_[0-9]+$', '')"),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(refuseChange("TG_TABLE_NAME = 'prices'", 'TG_TABLE_NAME'));
  }
}

const refuseChange = (isPrices: string, name: string): string => `
  CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    -- A workspace that was never charged may go, and its prices with it (services/workspaces/workspace-service.ts).
    IF ${isPrices} AND TG_OP = 'DELETE' THEN
      IF OLD.workspace_id = current_setting('centesimo.deleting_workspace', true) THEN
        RETURN OLD;
      END IF;
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or deleted', ${name} USING ERRCODE = 'restrict_violation';
  END $$`;
