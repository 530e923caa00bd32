// Round trip two of a batch on Citus: messages, charges and roll-ups of one workspace, one statement a table, in one
// transaction. Citus runs a statement on the node that has the workspace's rows as long as it writes one table; several
// tables in one statement are carried through the coordinator, at many times the work. The fragments are those of
// insert-turns.ts.
import type { SqlConnection } from '../../database/sql';
import { transactionOn } from '../../database/transaction';
import { type CountedTurn, countTurns, turnsOf } from '../roll-ups/count-turns';
import { rollUpKeys } from '../roll-ups/roll-ups';
import { GATES, gateOf } from '../workspaces/workspaces';
import { findNumbers } from './dimension-values';
import {
  type DecidedTurn,
  hasCosts,
  KEPT,
  LEFT_OUT,
  type RawKey,
  type Refusal,
  tokensAndCosts,
} from './insert-turns';
import { hmac } from './key-digest';

/**
 * The gate is taken, then the row is held FOR SHARE until the COMMIT, as in insert-turns.ts. An advisory lock is of one
 * node, so it is taken where the row is: all servers meet there, beside whichever node they run.
 */
const SHARE = `SELECT w.settings_version, pg_advisory_xact_lock_shared(${GATES}, $2) FROM workspaces w
  WHERE w.id = $1 FOR SHARE`;

const messages = (raw: RawKey): string => `
  INSERT INTO messages (workspace_id, id, key_digest, ${raw.column}phone_number, whatsapp_user_id, customer_id, message,
    response, outcome, occurred_at, saved_at, failure, workflow_number, channel_number, model_number, input_tokens,
    cached_input_tokens, output_tokens, llm_cost_nanos, channel_cost_micros)
  SELECT i.workspace_id, i.id, ${hmac('i.key_pads', 'i.idempotency_key')}, ${raw.of('i.idempotency_key')}i.phone_number,
    i.whatsapp_user_id, i.customer_id, i.message, i.response, i.outcome, i.occurred_at, i.saved_at, i.failure,
    i.workflow_number, i.channel_number, i.model_number, i.input_tokens, i.cached_input_tokens, i.output_tokens,
    i.llm_cost_nanos, i.channel_cost_micros
  FROM ${turnsOf(
    `$2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::timestamptz[],
      $11::timestamptz[], $12::text[], $13::smallint[], $14::smallint[], $15::smallint[], $16::int4[], $17::int4[],
      $18::int4[], $19::int8[], $20::int8[]`,
    `id, idempotency_key, phone_number, whatsapp_user_id, customer_id, message, response, outcome, occurred_at, saved_at,
      failure, workflow_number, channel_number, model_number, input_tokens, cached_input_tokens, output_tokens,
      llm_cost_nanos, channel_cost_micros`,
  )} i
  ORDER BY i.idempotency_key
  ON CONFLICT DO NOTHING
  RETURNING id`;

const MESSAGES = { kept: messages(KEPT), leftOut: messages(LEFT_OUT) };

/**
 * Stores and charges turns of one workspace; returns those that were not stored, by id. Atomic: all turns or none.
 */
export async function insertTurnsOfOne(
  connection: SqlConnection,
  workspaceId: string,
  decided: readonly DecidedTurn[],
  shard: number,
  keepsRawKeys: boolean,
): Promise<Map<string, Refusal>> {
  return transactionOn(connection, () => insert(connection, workspaceId, decided, shard, keepsRawKeys));
}

/** What is stored of a turn whose workflow and channel have their numbers. */
interface Numbered extends DecidedTurn {
  values: CountedTurn['values'];
}

async function insert(
  connection: SqlConnection,
  workspaceId: string,
  decided: readonly DecidedTurn[],
  shard: number,
  keepsRawKeys: boolean,
): Promise<Map<string, Refusal>> {
  const refused = new Map<string, Refusal>();
  const [shared] = await connection.prepared<{ settings_version: bigint }>('hold_settings', SHARE, [
    workspaceId,
    gateOf(workspaceId),
  ]);
  const fresh = decided.filter(({ turn, context }) => {
    const isFresh = context.workspace.settingsVersion === shared?.settings_version;
    if (!isFresh) refused.set(turn.id, 'stale');
    return isFresh;
  });
  if (fresh.length === 0) return refused;
  const numbersOf = await findNumbers(
    connection,
    workspaceId,
    fresh.map(({ turn }) => turn),
  );
  const numbered = fresh.flatMap((one) => {
    const values = numbersOf(one.turn);
    if (!values) refused.set(one.turn.id, 'value-unknown');
    return values ? [{ ...one, values }] : [];
  });
  if (numbered.length === 0) return refused;
  const stored = await insertMessages(connection, workspaceId, numbered, keepsRawKeys);
  for (const { turn } of numbered) if (!stored.has(turn.id)) refused.set(turn.id, 'key-taken');
  const turns = numbered.filter(({ turn }) => stored.has(turn.id)).map(counted);
  if (turns.length > 0) await countTurns(connection, workspaceId, turns, shard);
  return refused;
}

async function insertMessages(
  connection: SqlConnection,
  workspaceId: string,
  turns: readonly Numbered[],
  keepsRawKeys: boolean,
): Promise<Set<string>> {
  const rows = await connection.prepared<{ id: string }>(
    'insert_messages',
    keepsRawKeys ? MESSAGES.kept : MESSAGES.leftOut,
    [
      workspaceId,
      turns.map(({ turn }) => turn.id),
      turns.map(({ turn }) => turn.idempotencyKey),
      turns.map(({ turn }) => turn.phoneNumber),
      turns.map(({ turn }) => turn.whatsappUserId),
      turns.map(({ context }) => context.customer?.id ?? null),
      turns.map(({ turn }) => turn.message),
      turns.map(({ turn }) => turn.response),
      turns.map(({ outcome }) => outcome),
      turns.map(({ turn }) => turn.occurredAt),
      turns.map(({ savedAt }) => savedAt),
      turns.map(({ turn }) => turn.failure),
      turns.map(({ values }) => values.WORKFLOW),
      turns.map(({ values }) => values.CHANNEL),
      turns.map(({ values }) => values.MODEL),
      ...tokensAndCosts(turns),
    ],
  );
  return new Set(rows.map(({ id }) => id));
}

const counted = ({ turn, context, outcome, chargeId, costs, savedAt, values }: Numbered): CountedTurn => ({
  ...{ id: turn.id, outcome, occurredAt: turn.occurredAt },
  keys: rollUpKeys(turn.occurredAt, context.workspace.timeZone),
  values,
  costs: hasCosts({ turn, costs })
    ? {
        customerId: context.customer?.id ?? null,
        inputTokens: turn.llm?.inputTokens ?? null,
        cachedInputTokens: turn.llm?.cachedInputTokens ?? null,
        outputTokens: turn.llm?.outputTokens ?? null,
        ...costs,
      }
    : null,
  charge:
    chargeId === null || context.customer === undefined
      ? null
      : { id: chargeId, customerId: context.customer.id, priceMicros: context.priceMicros, savedAt },
});
