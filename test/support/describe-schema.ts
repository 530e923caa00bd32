import type { TestDatabase } from './database';

/** Tables, columns, constraints, indexes, triggers and functions as sorted text: the same on every PostgreSQL. */
export async function describeSchema(database: TestDatabase): Promise<string> {
  const lines = await database.sql<{ line: string }>(`
    SELECT 'column ' || c.table_name || '.' || c.column_name || ' ' || c.data_type
      || CASE c.is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
      || coalesce(' default ' || c.column_default, '') || CASE c.is_identity WHEN 'YES' THEN ' identity' ELSE '' END AS line
    FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name <> 'migrations'
    UNION ALL
    SELECT 'constraint ' || c.conrelid::regclass || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
    FROM pg_constraint c WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('p', 'u', 'f', 'c')
      AND c.conrelid::regclass::text <> 'migrations'
    UNION ALL
    SELECT 'index ' || i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public' AND i.tablename <> 'migrations'
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'options ' || c.relname || ' ' || array_to_string(c.reloptions, ',') FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.reloptions IS NOT NULL`);
  return `${lines
    .map(({ line }) => line)
    .sort()
    .join('\n')}\n`;
}
