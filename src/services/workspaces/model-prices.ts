// What do a model's tokens cost? Prices are append-only; the one in force at a turn's instant decides its cost.
import type { Sql } from '../../database/sql';
import { badInput } from '../../errors';
import { divideHalfAwayFromZero } from '../../values/money';
import { cleanText, isBlank } from '../../values/text';
import { formatInstant } from '../../values/time';

/** The most characters of a model's name. */
export const MODEL_LIMIT = 200;

/** What the model consumed for one response, in tokens. */
export interface LlmUsage {
  readonly model: string;
  /** All of them, the cached ones included. */
  readonly inputTokens: number;
  /** Of these, read from a cache. */
  readonly cachedInputTokens: number;
  /** All of them, reasoning included. */
  readonly outputTokens: number;
}

/** The price of one model, in micro-units of the workspace's currency for a million tokens. */
export interface ModelPrice {
  model: string;
  startsAt: Date;
  inputMicros: bigint;
  /** Of the input tokens that were read from a cache. */
  cachedInputMicros: bigint;
  outputMicros: bigint;
  recordedAt: Date;
}

/** Ten millions of the currency: with it and the most tokens, the cost of a turn still fits into 64 bits. */
const PRICE_LIMIT_MICROS = 10_000_000_000_000n;

/** Micro-units for a million tokens, times tokens, are billionths of a micro-unit; of these, so many are a nano-unit. */
const PER_NANO = 1_000n;

/**
 * The cost of these tokens in billionths of the currency, rounded once, halves away from zero. Cached tokens are a part
 * of the input: each token is counted once (docs/semantics.md#margin).
 */
export const costOfTokens = (
  { inputTokens, cachedInputTokens, outputTokens }: LlmUsage,
  price: Pick<ModelPrice, 'inputMicros' | 'cachedInputMicros' | 'outputMicros'>,
): bigint =>
  divideHalfAwayFromZero(
    BigInt(inputTokens - cachedInputTokens) * price.inputMicros +
      BigInt(cachedInputTokens) * price.cachedInputMicros +
      BigInt(outputTokens) * price.outputMicros,
    PER_NANO,
  );

/** All prices of a workspace's models, by model, and in the order in which they take force. */
export async function listModelPrices(sql: Sql, workspaceId: string): Promise<ModelPrice[]> {
  const rows = await sql.query<{
    model: string;
    starts_at: Date;
    input_micros: bigint;
    cached_input_micros: bigint;
    output_micros: bigint;
    recorded_at: Date;
  }>(
    'list_model_prices',
    `SELECT p.model, p.starts_at, p.input_micros, p.cached_input_micros, p.output_micros, p.recorded_at
     FROM model_prices p WHERE p.workspace_id = $1 ORDER BY p.model COLLATE "C", p.starts_at, p.id`,
    [workspaceId],
  );
  return rows.map((row) => ({
    model: row.model,
    startsAt: row.starts_at,
    inputMicros: row.input_micros,
    cachedInputMicros: row.cached_input_micros,
    outputMicros: row.output_micros,
    recordedAt: row.recorded_at,
  }));
}

export async function recordModelPrices(
  sql: Sql,
  workspaceId: string,
  prices: readonly ModelPrice[],
): Promise<void> {
  await sql.query(
    'record_model_prices',
    `INSERT INTO model_prices (workspace_id, model, starts_at, input_micros, cached_input_micros, output_micros, recorded_at)
     SELECT $1, i.model, i.starts_at, i.input, i.cached, i.output, i.recorded_at
     FROM unnest($2::text[], $3::timestamptz[], $4::int8[], $5::int8[], $6::int8[], $7::timestamptz[]) WITH ORDINALITY
       AS i (model, starts_at, input, cached, output, recorded_at, n) ORDER BY i.n`,
    [
      workspaceId,
      prices.map(({ model }) => model),
      prices.map(({ startsAt }) => startsAt),
      prices.map(({ inputMicros }) => inputMicros),
      prices.map(({ cachedInputMicros }) => cachedInputMicros),
      prices.map(({ outputMicros }) => outputMicros),
      prices.map(({ recordedAt }) => recordedAt),
    ],
  );
}

/** A model's name, without white space around it. Throws BAD_USER_INPUT; `field` says which one is meant. */
export function checkModel(field: string, text: string): string {
  const model = cleanText(text).trim();
  const length = Array.from(model).length;
  if (isBlank(model) || length > MODEL_LIMIT)
    throw badInput(
      `${field} must have 1 to ${MODEL_LIMIT} characters, not only white space; this one has ${length}. Give the model's name as its maker writes it, such as gpt-4.1-mini.`,
    );
  return model;
}

/** 0 is a price; a negative one is not. Throws BAD_USER_INPUT. */
export function checkModelPrice<
  P extends Pick<ModelPrice, 'model' | 'inputMicros' | 'cachedInputMicros' | 'outputMicros'>,
>(price: P): P {
  const model = checkModel('model', price.model);
  for (const micros of [price.inputMicros, price.cachedInputMicros, price.outputMicros]) {
    if (micros < 0n) throw badInput(`A price of ${model} is negative. A price can't be negative.`);
    if (micros > PRICE_LIMIT_MICROS)
      throw badInput(
        `A price of ${model} is above ten millions of the currency for a million tokens: it looks like a wrong unit.`,
      );
  }
  return { ...price, model };
}

/** For the audit trail: micro-units as text. */
export const modelPriceInWords = (price: ModelPrice): Record<string, string> => ({
  model: price.model,
  startsAt: formatInstant(price.startsAt),
  inputMicros: String(price.inputMicros),
  cachedInputMicros: String(price.cachedInputMicros),
  outputMicros: String(price.outputMicros),
});
