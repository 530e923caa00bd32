// A turn as the write path knows it: checked, normalised, with an id of its own.
import { AppError, badInput, unavailable } from '../../errors';
import { MINUTE_MS } from '../../values/duration';
import { newId } from '../../values/ids';
import { parsePhone } from '../../values/phone';
import { cleanText, isBlank } from '../../values/text';
import { type Clock, formatInstant, parseInstant } from '../../values/time';
import { checkUserId } from '../customers/customers';
import type { LlmUsage } from '../workspaces/model-prices';
import { checkLlm, type LlmInput, type RawLlm, readLlm } from './turn-costs';

/** The most characters of a message or a response, as Unicode code points: each part of an emoji counts as one. */
export const TEXT_LIMIT = 65_536;
const KEY_LIMIT = 255;
export const FAILURE_LIMIT = 500;
const WORKFLOW_LIMIT = 100;
const CHANNEL_LIMIT = 50;
/** WhatsApp did not exist before: an earlier instant confuses seconds with milliseconds. */
export const EARLIEST_TURN = new Date('2009-01-01T00:00:00Z');
/** How far a caller's clock may be ahead of ours. */
export const CLOCK_SKEW_MS = 5 * MINUTE_MS;

/** What a caller gives for one turn; absent and null are the same. */
export interface TurnInput {
  workspaceId: string;
  phoneNumber?: string | null | undefined;
  whatsappUserId?: string | null | undefined;
  message?: string | null | undefined;
  response?: string | null | undefined;
  idempotencyKey: string;
  occurredAt?: Date | null | undefined;
  failure?: string | null | undefined;
  workflow?: string | null | undefined;
  channel?: string | null | undefined;
  llm?: LlmInput | null | undefined;
}

/** One item of saveMessages: everything is plain text and checked by itself. */
export interface RawTurn {
  phoneNumber?: string | null | undefined;
  whatsappUserId?: string | null | undefined;
  message?: string | null | undefined;
  response?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
  occurredAt?: string | null | undefined;
  failure?: string | null | undefined;
  workflow?: string | null | undefined;
  channel?: string | null | undefined;
  llm?: RawLlm | null | undefined;
}

export interface Turn {
  readonly id: string;
  readonly workspaceId: string;
  readonly idempotencyKey: string;
  readonly phoneNumber: string | null;
  readonly whatsappUserId: string | null;
  readonly message: string;
  readonly response: string | null;
  readonly occurredAt: Date;
  /** Why there is no response; null where there is one, or when the caller did not say. */
  readonly failure: string | null;
  readonly workflow: string | null;
  readonly channel: string | null;
  /** Null where the caller did not say. */
  readonly llm: LlmUsage | null;
}

/** Checks and normalises one turn. Throws BAD_USER_INPUT, naming the field; never echoes a customer's words. */
export function toTurn(input: TurnInput, clock: Clock): Turn {
  const now = clock();
  const phoneNumber = present(input.phoneNumber) ? parsePhone(input.phoneNumber) : null;
  const whatsappUserId = present(input.whatsappUserId) ? checkUserId(input.whatsappUserId) : null;
  if (phoneNumber === null && whatsappUserId === null) {
    throw badInput('A turn needs a contact: give phoneNumber or whatsappUserId.');
  }
  const response = checkText('response', input.response);
  const failure = checkShortText('failure', input.failure, FAILURE_LIMIT);
  return {
    id: newId(now.getTime()),
    workspaceId: input.workspaceId,
    idempotencyKey: checkKey(input.idempotencyKey),
    phoneNumber,
    whatsappUserId,
    message: checkText('message', input.message) ?? '',
    response,
    occurredAt: checkOccurredAt(input.occurredAt ?? now, now),
    failure: isBlank(response) ? failure : null,
    workflow: checkShortText('workflow', input.workflow, WORKFLOW_LIMIT),
    channel: checkShortText('channel', input.channel, CHANNEL_LIMIT),
    llm: checkLlm(input.llm),
  };
}

/** The same for an item of saveMessages, whose fields are plain text. */
export function rawToTurn(workspaceId: string, item: RawTurn, clock: Clock): Turn {
  const { idempotencyKey, occurredAt, llm } = item;
  return toTurn(
    {
      ...item,
      workspaceId,
      idempotencyKey: idempotencyKey ?? '',
      occurredAt: present(occurredAt) ? parseInstant(occurredAt) : null,
      llm: readLlm(llm),
    },
    clock,
  );
}

/** Same contact and same message: what a retry must agree on (docs/semantics.md#retries). */
export const sameContent = (
  a: Pick<Turn, 'phoneNumber' | 'whatsappUserId' | 'message'>,
  b: Pick<Turn, 'phoneNumber' | 'whatsappUserId' | 'message'>,
): boolean =>
  a.phoneNumber === b.phoneNumber && a.whatsappUserId === b.whatsappUserId && a.message === b.message;

export const keyReused = (idempotencyKey: string): AppError =>
  new AppError(
    'IDEMPOTENCY_KEY_REUSED',
    `The idempotencyKey ${JSON.stringify(idempotencyKey)} was saved before with another contact or message. ` +
      "Nothing was written. Use one key per turn, best WhatsApp's message id (wamid...).",
  );

export const notSaved = (cause?: unknown): AppError =>
  unavailable(
    'The turn could not be saved at the moment. Retry with the same idempotencyKey; it is never charged twice.',
    cause,
  );

/** About how much memory a waiting turn holds, in bytes. */
export const weightOf = (turn: Turn): number =>
  512 +
  2 *
    (turn.message.length +
      (turn.response?.length ?? 0) +
      (turn.failure?.length ?? 0) +
      turn.idempotencyKey.length);

const present = (value: string | null | undefined): value is string =>
  value !== null && value !== undefined && value.trim() !== '';

function checkKey(text: string): string {
  const key = cleanText(text);
  if (key.trim() === '' || key.length > KEY_LIMIT) {
    throw badInput(
      `idempotencyKey must have 1 to ${KEY_LIMIT} characters, not only white space; this one has ${key.length}.`,
    );
  }
  return key;
}

/** Blank counts as absent. White space around it goes, so that a stray blank makes no second value. */
function checkShortText(field: string, text: string | null | undefined, limit: number): string | null {
  const clean = cleanText(text ?? '').trim();
  if (isBlank(clean)) return null;
  const length = clean.length > limit ? Array.from(clean).length : clean.length;
  if (length > limit)
    throw badInput(
      `${field} has ${length} characters; at most ${limit} are stored. Shorten it before saving.`,
    );
  return clean;
}

function checkText(field: string, text: string | null | undefined): string | null {
  if (text === null || text === undefined) return null;
  const clean = cleanText(text);
  const length = clean.length > TEXT_LIMIT ? Array.from(clean).length : clean.length;
  if (length > TEXT_LIMIT) {
    throw badInput(
      `${field} has ${length} characters; at most ${TEXT_LIMIT} are stored. Shorten it before saving.`,
    );
  }
  return clean;
}

function checkOccurredAt(at: Date, now: Date): Date {
  if (at < EARLIEST_TURN) {
    throw badInput(
      `occurredAt is ${formatInstant(at)}, before ${formatInstant(EARLIEST_TURN)}. ` +
        'Were seconds taken for milliseconds? In n8n: DateTime.fromSeconds(Number(timestamp)).toISO().',
    );
  }
  if (at.getTime() > now.getTime() + CLOCK_SKEW_MS) {
    throw badInput(
      `occurredAt is ${formatInstant(at)}, more than 5 minutes ahead of the server's clock (${formatInstant(now)}). ` +
        'Give the instant when the turn happened, with its offset, or leave it out for now.',
    );
  }
  return at;
}
