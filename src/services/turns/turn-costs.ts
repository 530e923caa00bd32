// WHAT DOES A TURN COST US? The cost is computed once, when the turn is saved or its price comes late, and frozen.
import { badInput } from '../../errors';
import { isBlank } from '../../values/text';
import { checkModel, type LlmUsage } from '../workspaces/model-prices';
import { llmCostAt, type PriceLists } from '../workspaces/price-lists';
import { inForce } from '../workspaces/pricing';

/** What a caller gives; absent and null are the same. */
export interface LlmInput {
  model: string;
  inputTokens: number;
  cachedInputTokens?: number | null | undefined;
  outputTokens: number;
}

/** The same as plain text, as an item of saveMessages has it. */
export type RawLlm = { [Field in keyof LlmInput]?: string | null | undefined };

/** What a turn cost: frozen with it. */
export interface TurnCosts {
  /** In billionths of the currency; null: no model, or no price of it. */
  readonly llmNanos: bigint | null;
  /** In micro-units; null: without a response, or no price. */
  readonly channelMicros: bigint | null;
}

/** A hundred millions: more than ten times the longest context of any model. */
const TOKENS_LIMIT = 100_000_000;
const NO_COSTS: TurnCosts = { llmNanos: null, channelMicros: null };

/** `answered`: the turn has a response, for which the channel takes its fee. */
export function costsOf(
  lists: PriceLists,
  { llm, occurredAt }: { llm: LlmUsage | null; occurredAt: Date },
  answered: boolean,
): TurnCosts {
  if (llm === null && lists.channel.length === 0) return NO_COSTS;
  return {
    llmNanos: llm && llmCostAt(lists, llm, occurredAt),
    channelMicros: (answered ? inForce(lists.channel, occurredAt)?.amountMicros : undefined) ?? null,
  };
}

/** Throws BAD_USER_INPUT, naming the field. */
export function checkLlm(input: LlmInput | null | undefined): LlmUsage | null {
  if (input === null || input === undefined) return null;
  const llm = {
    model: checkModel('llm.model', input.model),
    inputTokens: checkTokens('inputTokens', input.inputTokens),
    cachedInputTokens: checkTokens('cachedInputTokens', input.cachedInputTokens ?? 0),
    outputTokens: checkTokens('outputTokens', input.outputTokens),
  };
  if (llm.cachedInputTokens > llm.inputTokens)
    throw badInput(
      `llm.cachedInputTokens is ${llm.cachedInputTokens}, above llm.inputTokens, which is ${llm.inputTokens}. Cached tokens are a part of the input: give as inputTokens all input tokens, the cached ones included.`,
    );
  return llm;
}

/** Reads the text of an item of saveMessages. All blank is the same as absent. Throws BAD_USER_INPUT. */
export function readLlm(raw: RawLlm | null | undefined): LlmInput | null {
  if (!raw || [raw.model, raw.inputTokens, raw.cachedInputTokens, raw.outputTokens].every(isBlank))
    return null;
  const { model, inputTokens, cachedInputTokens, outputTokens } = raw;
  return {
    model: model ?? '',
    inputTokens: readTokens('inputTokens', inputTokens),
    cachedInputTokens: isBlank(cachedInputTokens) ? null : readTokens('cachedInputTokens', cachedInputTokens),
    outputTokens: readTokens('outputTokens', outputTokens),
  };
}

function readTokens(field: string, text: string | null | undefined): number {
  const digits = (text ?? '').trim();
  if (/^-?\d{1,15}$/.test(digits)) return Number(digits);
  throw badInput(
    `llm.${field} is ${JSON.stringify(digits.slice(0, 64))}. Give a number of tokens in digits, such as 1200.`,
  );
}

function checkTokens(field: string, tokens: number): number {
  if (Number.isSafeInteger(tokens) && tokens >= 0 && tokens <= TOKENS_LIMIT) return tokens;
  throw badInput(
    `llm.${field} is ${tokens}. A turn has a whole number of tokens, from 0 to ${TOKENS_LIMIT}.`,
  );
}
