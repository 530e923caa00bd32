// The entities describe what the migrations make: TypeORM would change nothing.
import type { DataSource } from 'typeorm';
import { createDataSource } from '../src/database/data-source';
import { migrate } from '../src/database/migrate';
import { createDatabase, type TestDatabase } from './support/database';

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createDatabase({ empty: true });
  dataSource = createDataSource({ url: database.url, poolSize: 2 });
  await dataSource.initialize();
  await migrate(dataSource);
});

afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

it('finds no difference between the entities and the migrated tables', async () => {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();

  expect(upQueries.map(({ query }) => query)).toEqual([]);
});

it('has an entity for every table but the list of migrations', async () => {
  const tables = await database.sql<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name <> 'migrations' ORDER BY 1`,
  );

  expect(dataSource.entityMetadatas.map(({ tableName }) => tableName).sort()).toEqual(
    tables.map(({ name }) => name),
  );
});

it('would notice a column that a migration forgot', async () => {
  await database.sql('ALTER TABLE customers DROP COLUMN updated_at');
  await database.sql('ALTER TABLE messages ALTER COLUMN response SET NOT NULL');

  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();

  expect(upQueries.map(({ query }) => query)).toEqual([
    'ALTER TABLE "customers" ADD "updated_at" TIMESTAMP WITH TIME ZONE NOT NULL',
    'ALTER TABLE "messages" ALTER COLUMN "response" DROP NOT NULL',
  ]);
});
