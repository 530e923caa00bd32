// The rules for SQL are held by a parser: what it must find, and what it must let pass.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModule } from 'libpg-query';
import { EXCEPTED, offencesOf } from './support/sql-rules';

beforeAll(() => loadModule());

it.each([
  ['a table alone', 'SELECT m.id FROM messages m WHERE m.workspace_id = $1'],
  ['a table without an alias', 'SELECT id FROM messages WHERE workspace_id = $1 AND id = $2'],
  ['workspaces, by their id', 'SELECT w.name FROM workspaces w WHERE w.id = $1'],
  [
    'each table of a join',
    'SELECT 1 FROM messages m JOIN charges c ON c.workspace_id = $1 AND c.message_id = m.id WHERE m.workspace_id = $1',
  ],
  ['a parameter with a type', 'SELECT m.id FROM messages m WHERE $1::text = m.workspace_id'],
  [
    'an UPDATE',
    'UPDATE messages m SET outcome = $2 FROM unnest($3::uuid[]) i WHERE m.workspace_id = $1 AND m.id = i',
  ],
  ['rows of a CTE', 'WITH messages AS (SELECT 1 AS id) SELECT id FROM messages'],
  ['inserted rows', 'INSERT INTO messages (workspace_id, id) SELECT $1, unnest($2::uuid[])'],
  ['tables that belong to nobody', 'SELECT t.id FROM tokens t JOIN pg_class c ON c.oid = t.id'],
  [
    'an instant with a zone',
    "SELECT (m.saved_at AT TIME ZONE 'UTC')::date FROM messages m WHERE m.workspace_id = $1",
  ],
  ['seconds since 1970', 'SELECT extract(epoch FROM m.saved_at) FROM messages m WHERE m.workspace_id = $1'],
])('lets pass %s', (_, text) => {
  expect(offencesOf(text)).toEqual([]);
});

it.each([
  ['SELECT m.id FROM messages m', ['messages m is not bound to one workspace by m.workspace_id = $n']],
  [
    'SELECT 1 FROM messages m JOIN charges c ON c.workspace_id = m.workspace_id WHERE m.workspace_id = $1',
    ['charges c is not bound to one workspace by c.workspace_id = $n'],
  ],
  [
    'SELECT m.id FROM messages m WHERE m.workspace_id = $1 OR m.id = $2',
    ['messages m is not bound to one workspace by m.workspace_id = $n'],
  ],
  [
    'SELECT m.id FROM messages m WHERE m.workspace_id = ANY ($1)',
    ['messages m is not bound to one workspace by m.workspace_id = $n'],
  ],
  ['DELETE FROM events e WHERE e.id = $1', ['events e is not bound to one workspace by e.workspace_id = $n']],
  [
    'UPDATE messages m SET outcome = $1 WHERE m.id = $2',
    ['messages m is not bound to one workspace by m.workspace_id = $n'],
  ],
  [
    'SELECT 1 WHERE EXISTS (SELECT FROM customers c WHERE c.id = $1)',
    ['customers c is not bound to one workspace by c.workspace_id = $n'],
  ],
  ['SELECT t.made_at::date FROM tokens t', ["t.made_at::date depends on the session's zone"]],
  ['SELECT max(t.made_at)::text FROM tokens t', ["an instant::text depends on the session's zone"]],
  ["SELECT date_trunc('day', t.made_at) FROM tokens t", ["date_trunc(…) depends on the session's zone"]],
  ['SELECT extract(hour FROM t.made_at) FROM tokens t', ["extract(…) depends on the session's zone"]],
  [
    "SELECT concat_ws(' ', min(t.made_at)) FROM tokens t",
    ["concat_ws(…) writes an instant in the session's zone"],
  ],
  [
    'WITH gone AS (DELETE FROM events e WHERE e.workspace_id = $1 RETURNING e.id) INSERT INTO voids (workspace_id, id) SELECT $1, id FROM gone',
    ['it writes 2 tables; one statement may write one'],
  ],
])('finds what is wrong with %s', (text, offences) => {
  expect(offencesOf(text)).toEqual(offences);
});

it('each statement that is excepted by name is one of the product', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const source = files.map((file) => readFileSync(join('src', file), 'utf8')).join('');
  const names = new Set(source.match(/(?<=')[a-z_]+(?=')/g));
  expect(Object.keys(EXCEPTED).filter((name) => !names.has(name))).toEqual([]);
});
