// Digests of keys, made by Node's own HMAC: an oracle beside the product's SQL.
import { createHmac } from 'node:crypto';
import type { TestDatabase } from './database';

type Queryable = Pick<TestDatabase, 'sql'>;

/** How a workspace's texts are known, in hex. */
export async function digester(database: Queryable, workspaceId: string): Promise<(text: string) => string> {
  const [row] = await database.sql<{ key_pads: Buffer }>('SELECT key_pads FROM workspaces WHERE id = $1', [
    workspaceId,
  ]);
  if (!row) throw new Error('no workspace');
  const secret = row.key_pads.subarray(0, 64).map((byte) => byte ^ 0x36);
  return (text) => createHmac('sha256', secret).update(text, 'utf8').digest('hex');
}

/** The digests that are stored for turns of a workspace, in hex, sorted. */
export const storedDigests = async (database: Queryable, workspaceId: string): Promise<string[]> =>
  (
    await database.sql<{ digest: string }>(
      `SELECT encode(key_digest, 'hex') AS digest FROM messages WHERE workspace_id = $1 ORDER BY 1`,
      [workspaceId],
    )
  ).map(({ digest }) => digest);
