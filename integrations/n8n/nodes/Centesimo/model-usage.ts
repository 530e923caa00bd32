import type { IDataObject } from 'n8n-workflow';

const objectOf = (value: unknown): IDataObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};

const parsed = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
};

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const countOf = (value: unknown): number => (isCount(value) ? value : 0);

/**
 * What Centesimo takes as `llm`, from what n8n's OpenAI and Anthropic nodes put out with Simplify off. OpenAI counts cached
 * tokens among the input, Anthropic beside it. Undefined where the usage is not there: the turn is saved without, since no
 * turn may be lost for it.
 */
export function toModelUsage(value: unknown): IDataObject | undefined {
  const given = objectOf(parsed(value));
  const usage = objectOf(given.usage);
  const model = String(given.model ?? '').trim();
  const found = given.inputTokens === undefined ? read(usage) : given;
  const { inputTokens, outputTokens } = found;
  if (model === '' || !isCount(inputTokens) || !isCount(outputTokens)) return undefined;
  const cachedInputTokens = Math.min(countOf(found.cachedInputTokens), inputTokens);
  return { model: Array.from(model).slice(0, 200).join(''), inputTokens, cachedInputTokens, outputTokens };
}

function read(usage: IDataObject): IDataObject {
  // OpenAI's Responses API; before it, chat completions.
  const details = objectOf(usage.input_tokens_details ?? usage.prompt_tokens_details);
  const fromCache = countOf(usage.cache_read_input_tokens);
  const beside = fromCache + countOf(usage.cache_creation_input_tokens);
  const input = usage.input_tokens ?? usage.prompt_tokens;
  return {
    inputTokens: isCount(input) ? input + beside : undefined,
    cachedInputTokens: countOf(details.cached_tokens) + fromCache,
    outputTokens: usage.output_tokens ?? usage.completion_tokens,
  };
}
