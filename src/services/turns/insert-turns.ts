// A batch is stored by one statement, which is its own transaction: messages, charges and roll-ups.
import type { SqlConnection } from '../../database/sql';
import { newId } from '../../values/ids';
import { costUpserts } from '../roll-ups/costs';
import { DIMENSIONS, dimensionUpsert } from '../roll-ups/dimensions';
import { rollUpKeys, rollUpUpserts } from '../roll-ups/roll-ups';
import { GATES, gateOf } from '../workspaces/workspaces';
import { hasDimension, isUnknown, numberOf } from './dimension-values';
import { hmac } from './key-digest';
import { CUSTOMER_VERSION, type FoundContext } from './lookup-turns';
import type { TrackingOutcome } from './tracking';
import type { Turn } from './turn';
import type { TurnCosts } from './turn-costs';

/** A turn with all decisions about it: exactly this is stored. */
export interface DecidedTurn {
  turn: Turn;
  context: FoundContext;
  outcome: TrackingOutcome;
  chargeId: string | null;
  costs: TurnCosts;
  savedAt: Date;
}

/** Why a turn was not stored. */
export type Refusal =
  /** Its key is taken. If an earlier attempt was committed without our knowing, this turn itself took it. */
  | 'key-taken'
  /** The workspace or the customer is no longer what the decision was made from: look up and decide again. */
  | 'stale'
  /** Its workflow, channel or model has no number yet: give it one, and try again. */
  | 'value-unknown';

/*
 * `fresh` holds each workspace's row FOR SHARE until the COMMIT. A change of zone or price takes it FOR UPDATE: it
 * waits for us, or we see its new settings_version. So no batch can write an old zone's day after a rebuild. The
 * charges copy the row's epoch. Closing a month raises the epoch and waits in the same way, so each charge lies before
 * or after the cut. The rows are inserted in key order: batches of several servers can't deadlock.
 */
const statement = (raw: RawKey, more: Description): string => `
  WITH input AS MATERIALIZED (
    SELECT i.*${more.numbers} FROM unnest($1::uuid[], $2::text[], $3::int8[], $4::text[], $5::text[], $6::text[], $7::uuid[],
      $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::uuid[], $14::int8[],
      $15::timestamptz[], $16::date[], $17::date[], $20::int8[]${more.parameters})
    AS i (id, workspace_id, settings_version, idempotency_key, phone_number, whatsapp_user_id, customer_id,
      message, response, outcome, occurred_at, saved_at, charge_id, price_micros, slot_at, day, month,
      customer_version${more.names})
  ),
  gates AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(${GATES}, g.gate) FROM unnest($19::int[]) AS g (gate)
  ),
  fresh AS MATERIALIZED (
    SELECT w.id AS workspace_id, w.settings_version, w.epoch, w.key_pads FROM workspaces w
    WHERE w.id = ANY ($2::text[]) AND (SELECT count(*) FROM gates) > 0 ORDER BY w.id FOR SHARE
  ),
  agreed AS MATERIALIZED (
    SELECT i.workspace_id, i.id, f.key_pads
    FROM input i
    JOIN fresh f ON f.workspace_id = i.workspace_id AND f.settings_version = i.settings_version
    LEFT JOIN customers u ON u.workspace_id = i.workspace_id AND u.whatsapp_user_id = i.whatsapp_user_id
    LEFT JOIN customers p ON p.workspace_id = i.workspace_id AND p.phone_number = i.phone_number
    WHERE CASE WHEN u.id IS NOT NULL THEN u.id = i.customer_id AND ${CUSTOMER_VERSION('u')} = i.customer_version
      WHEN p.id IS NOT NULL THEN p.id = i.customer_id AND ${CUSTOMER_VERSION('p')} = i.customer_version
      ELSE i.customer_id IS NULL END
  ),
  saved AS (
    INSERT INTO messages (workspace_id, id, key_digest, ${raw.column}phone_number, whatsapp_user_id, customer_id,
      message, response, outcome, occurred_at, saved_at${more.columns})
    SELECT i.workspace_id, i.id, ${hmac('a.key_pads', 'i.idempotency_key')}, ${raw.of('i.idempotency_key')}i.phone_number, i.whatsapp_user_id, i.customer_id,
      i.message, i.response, i.outcome, i.occurred_at, i.saved_at${more.values}
    FROM input i JOIN agreed a ON a.workspace_id = i.workspace_id AND a.id = i.id${more.condition}
    ORDER BY i.workspace_id, i.idempotency_key
    ON CONFLICT DO NOTHING
    RETURNING workspace_id, id
  ),
  counted AS MATERIALIZED (
    SELECT i.workspace_id, i.id, i.customer_id, i.outcome, i.occurred_at, i.saved_at, i.charge_id,
      i.price_micros, i.slot_at, i.day, i.month${more.counted}
    FROM saved s JOIN input i ON i.workspace_id = s.workspace_id AND i.id = s.id
  ),
  charged AS (
    INSERT INTO charges (workspace_id, id, message_id, customer_id, amount_micros, occurred_at, saved_at, epoch,
      month)
    SELECT c.workspace_id, c.charge_id, c.id, c.customer_id, c.price_micros, c.occurred_at, c.saved_at, f.epoch,
      c.month
    FROM counted c JOIN fresh f ON f.workspace_id = c.workspace_id
    WHERE c.outcome = 'TRACKED' ORDER BY c.workspace_id, c.charge_id
  ),
  ${rollUpUpserts('counted', '$18::smallint')}${more.rollUp}
  SELECT i.id, a.id IS NOT NULL AS agreed, ${more.unknown} AS unknown
  FROM input i LEFT JOIN agreed a ON a.workspace_id = i.workspace_id AND a.id = i.id
  WHERE NOT EXISTS (SELECT FROM saved s WHERE s.workspace_id = i.workspace_id AND s.id = i.id)`;

/** How a statement writes the raw key, or leaves it out. */
export interface RawKey {
  column: string;
  of(expression: string): string;
}

/**
 * Until `migrate --contract` the raw key is stored beside its digest: servers of the version before find turns by it.
 */
export const KEPT: RawKey = { column: 'idempotency_key, ', of: (expression) => `${expression}, ` };
export const LEFT_OUT: RawKey = { column: '', of: () => '' };

/** How a statement writes what describes a turn, or leaves it out. */
type Description = Record<
  'parameters' | 'names' | 'numbers' | 'columns' | 'values' | 'condition' | 'counted' | 'rollUp' | 'unknown',
  string
>;

/** Most shops describe nothing: their statement does no work for it. */
const BARE: Description = {
  parameters: '',
  names: '',
  numbers: '',
  columns: '',
  values: '',
  condition: '',
  counted: '',
  rollUp: '',
  unknown: 'false',
};
const DESCRIBED: Description = {
  parameters: ', $21::text[], $22::text[], $23::text[]',
  names: ', failure, workflow, channel',
  numbers: `, ${numberOf('WORKFLOW', 'i.workspace_id', 'i.workflow')} AS workflow_number,
      ${numberOf('CHANNEL', 'i.workspace_id', 'i.channel')} AS channel_number,
      ${isUnknown('WORKFLOW', 'i.workspace_id', 'i.workflow')} OR ${isUnknown('CHANNEL', 'i.workspace_id', 'i.channel')} AS unknown`,
  columns: ', failure, workflow_number, channel_number',
  values: ', i.failure, i.workflow_number, i.channel_number',
  condition: ' AND NOT i.unknown',
  counted: ', i.workflow_number, i.channel_number',
  rollUp: `, ${dimensionUpsert('counted', '$18::smallint', ['CHANNEL', 'WORKFLOW'])}`,
  unknown: 'i.unknown',
};
/** Tokens and costs come with all that describes a turn. */
const COSTED: Description = {
  parameters: `${DESCRIBED.parameters}, $24::text[], $25::int4[], $26::int4[], $27::int4[], $28::int8[], $29::int8[]`,
  names: `${DESCRIBED.names}, model, input_tokens, cached_input_tokens, output_tokens, llm_cost_nanos, channel_cost_micros`,
  numbers: `${DESCRIBED.numbers.replace(/ AS unknown$/, ` OR ${isUnknown('MODEL', 'i.workspace_id', 'i.model')} AS unknown`)},
      ${numberOf('MODEL', 'i.workspace_id', 'i.model')} AS model_number`,
  columns: `${DESCRIBED.columns}, model_number, input_tokens, cached_input_tokens, output_tokens, llm_cost_nanos, channel_cost_micros`,
  values: `${DESCRIBED.values}, i.model_number, i.input_tokens, i.cached_input_tokens, i.output_tokens, i.llm_cost_nanos,
      i.channel_cost_micros`,
  condition: DESCRIBED.condition,
  counted: `${DESCRIBED.counted}, i.model_number, i.input_tokens, i.cached_input_tokens, i.output_tokens, i.llm_cost_nanos,
      i.channel_cost_micros`,
  rollUp: `, ${dimensionUpsert('counted', '$18::smallint', DIMENSIONS)}, ${costUpserts('counted', '$18::smallint')}`,
  unknown: DESCRIBED.unknown,
};

const STATEMENT = {
  bare: { kept: statement(KEPT, BARE), leftOut: statement(LEFT_OUT, BARE) },
  described: { kept: statement(KEPT, DESCRIBED), leftOut: statement(LEFT_OUT, DESCRIBED) },
  costed: { kept: statement(KEPT, COSTED), leftOut: statement(LEFT_OUT, COSTED) },
};
const NAME = {
  bare: 'insert_turns',
  described: 'insert_described_turns',
  costed: 'insert_costed_turns',
} as const;

/** Which statement a batch needs: the smallest that knows all of its turns. */
const formOf = (decided: readonly DecidedTurn[]): keyof typeof STATEMENT => {
  if (decided.some(hasCosts)) return 'costed';
  return decided.some(({ turn }) => turn.failure !== null || hasDimension(turn)) ? 'described' : 'bare';
};

/** A turn with tokens has them counted even without a price. */
export const hasCosts = ({ turn, costs }: Pick<DecidedTurn, 'turn' | 'costs'>): boolean =>
  turn.llm !== null || costs.channelMicros !== null;

/** Stores and charges the turns; returns those that were not stored, by id. Atomic: all turns or none. */
export async function insertTurns(
  connection: SqlConnection,
  decided: readonly DecidedTurn[],
  shard: number,
  keepsRawKeys: boolean,
): Promise<Map<string, Refusal>> {
  const keys = decided.map(({ turn, context }) => rollUpKeys(turn.occurredAt, context.workspace.timeZone));
  const charged = (value: bigint, index: number): bigint | null =>
    decided[index]?.outcome === 'TRACKED' ? value : null;
  const form = formOf(decided);
  const rows = await connection.prepared<Refused>(
    NAME[form],
    keepsRawKeys ? STATEMENT[form].kept : STATEMENT[form].leftOut,
    [
      decided.map(({ turn }) => turn.id),
      decided.map(({ turn }) => turn.workspaceId),
      decided.map(({ context }) => context.workspace.settingsVersion),
      decided.map(({ turn }) => turn.idempotencyKey),
      decided.map(({ turn }) => turn.phoneNumber),
      decided.map(({ turn }) => turn.whatsappUserId),
      decided.map(({ context }) => context.customer?.id ?? null),
      decided.map(({ turn }) => turn.message),
      decided.map(({ turn }) => turn.response),
      decided.map(({ outcome }) => outcome),
      decided.map(({ turn }) => turn.occurredAt),
      decided.map(({ savedAt }) => savedAt),
      decided.map(({ chargeId }) => chargeId),
      decided.map(({ context }, index) => charged(context.priceMicros, index)),
      keys.map((key) => key.slotAt),
      keys.map((key) => key.day),
      keys.map((key) => key.month),
      shard,
      gatesOf(decided),
      decided.map(({ context }) => context.customerVersion),
      ...(form === 'bare' ? [] : describing(decided)),
      ...(form === 'costed' ? costing(decided) : []),
    ],
  );
  return new Map(rows.map((row) => [row.id, refusalOf(row)]));
}

const describing = (decided: readonly DecidedTurn[]): unknown[] => [
  decided.map(({ turn }) => turn.failure),
  decided.map(({ turn }) => turn.workflow),
  decided.map(({ turn }) => turn.channel),
];

const costing = (decided: readonly DecidedTurn[]): unknown[] => [
  decided.map(({ turn }) => turn.llm?.model ?? null),
  ...tokensAndCosts(decided),
];

/** The columns input_tokens, cached_input_tokens, output_tokens, llm_cost_nanos and channel_cost_micros. */
export const tokensAndCosts = (decided: readonly Pick<DecidedTurn, 'turn' | 'costs'>[]): unknown[] => [
  decided.map(({ turn }) => turn.llm?.inputTokens ?? null),
  decided.map(({ turn }) => turn.llm?.cachedInputTokens ?? null),
  decided.map(({ turn }) => turn.llm?.outputTokens ?? null),
  decided.map(({ costs }) => costs.llmNanos),
  decided.map(({ costs }) => costs.channelMicros),
];

interface Refused {
  id: string;
  agreed: boolean;
  unknown: boolean;
}

const refusalOf = ({ agreed, unknown }: Refused): Refusal =>
  agreed ? (unknown ? 'value-unknown' : 'key-taken') : 'stale';

/**
 * All batches take the gates in one order, so that two batches and two changes can't wait for each other in a circle.
 */
const gatesOf = (decided: readonly DecidedTurn[]): number[] =>
  [...new Set(decided.map(({ turn }) => gateOf(turn.workspaceId)))].sort((a, b) => a - b);

const deferredStatement = (raw: RawKey): string => `
  INSERT INTO messages (workspace_id, id, key_digest, ${raw.column}phone_number, whatsapp_user_id, customer_id, message,
    response, outcome, deferred_price_micros, occurred_at, saved_at, workflow_number, channel_number, model_number,
    input_tokens, cached_input_tokens, output_tokens, llm_cost_nanos, channel_cost_micros)
  SELECT w.id, $2, ${hmac('w.key_pads', '$3::text')}, ${raw.of('$3')}$4, $5, $6, $7, $8, 'DEFERRED', $9, $10, $11,
    ${numberOf('WORKFLOW', '$1::text', '$12::text')}, ${numberOf('CHANNEL', '$1::text', '$13::text')},
    ${numberOf('MODEL', '$1::text', '$14::text')}, $15, $16, $17, $18, $19
  FROM workspaces w WHERE w.id = $1
  ON CONFLICT DO NOTHING
  RETURNING id`;

const DEFERRED_STATEMENT = { kept: deferredStatement(KEPT), leftOut: deferredStatement(LEFT_OUT) };

/**
 * Stores the message alone, its customer, price and costs frozen; reconciliation charges it later. Its workflow, channel
 * and model have their numbers already (`addValues`).
 */
export async function insertDeferred(
  connection: SqlConnection,
  { turn, context, costs, savedAt }: DecidedTurn,
  keepsRawKeys: boolean,
): Promise<boolean> {
  const statement = keepsRawKeys ? DEFERRED_STATEMENT.kept : DEFERRED_STATEMENT.leftOut;
  const rows = await connection.query<{ id: string }>('insert_deferred', statement, [
    turn.workspaceId,
    turn.id,
    turn.idempotencyKey,
    turn.phoneNumber,
    turn.whatsappUserId,
    context.customer?.id ?? null,
    turn.message,
    turn.response,
    context.priceMicros,
    turn.occurredAt,
    savedAt,
    turn.workflow,
    turn.channel,
    turn.llm?.model ?? null,
    turn.llm?.inputTokens ?? null,
    turn.llm?.cachedInputTokens ?? null,
    turn.llm?.outputTokens ?? null,
    costs.llmNanos,
    costs.channelMicros,
  ]);
  return rows.length > 0;
}

/** A decision, ready to be stored. */
export const decided = (
  turn: Turn,
  context: FoundContext,
  outcome: TrackingOutcome,
  costs: TurnCosts,
  savedAt: Date,
): DecidedTurn => ({
  turn,
  context,
  outcome,
  chargeId: outcome === 'TRACKED' ? newId(savedAt.getTime()) : null,
  costs,
  savedAt,
});
