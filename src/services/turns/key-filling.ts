// Turns of an older version lack the digest of their key.
import { FILLING_BATCH, type Filling } from '../jobs/filler';
import { hmac } from './key-digest';

const FILL = `
  WITH taken AS MATERIALIZED (
    SELECT m.workspace_id, m.id, m.idempotency_key FROM messages m
    WHERE m.key_digest IS NULL AND (m.workspace_id, m.id) > ($1::text, $2::uuid)
    ORDER BY m.workspace_id, m.id LIMIT ${FILLING_BATCH} FOR NO KEY UPDATE OF m SKIP LOCKED
  ), filled AS (
    UPDATE messages m SET key_digest = ${hmac('w.key_pads', 't.idempotency_key')}
    FROM taken t JOIN workspaces w ON w.id = t.workspace_id
    WHERE m.workspace_id = t.workspace_id AND m.id = t.id RETURNING m.workspace_id, m.id
  )
  SELECT f.workspace_id, f.id FROM filled f ORDER BY f.workspace_id, f.id`;

export const keyFilling: Filling = {
  table: 'messages',
  missing: 'key_digest IS NULL',
  index: 'messages_unkeyed',

  async fillFrom(sql, position) {
    const rows = await sql.query<{ workspace_id: string; id: string }>('fill_keys', FILL, position);
    const last = rows.at(-1);
    return last && { filled: rows.length, position: [last.workspace_id, last.id] };
  },
};
