// IS IT CHARGED? The one place that decides a turn's tracking outcome.
import { isBlank } from '../../values/text';

/** The outcomes of a turn, in the order of docs/semantics.md#a-turn-an-outcome-a-charge. */
export const TRACKING_OUTCOMES = [
  'TRACKED',
  'NO_RESPONSE',
  'UNKNOWN_CUSTOMER',
  'INACTIVE_CUSTOMER',
  'DEFERRED',
  'VOIDED',
] as const;

export type TrackingOutcome = (typeof TRACKING_OUTCOMES)[number];

/** The outcomes that are decided. DEFERRED: the charge itself failed; VOIDED: it was taken back. */
export type DecidedOutcome = Exclude<TrackingOutcome, 'DEFERRED' | 'VOIDED'>;

/**
 * The outcome of a turn with this LLM response by this customer (undefined: nobody is registered under the
 * turn's contact). The first reason against charging wins.
 */
export function decideOutcome(
  response: string | null,
  customer: { activeChatbot: boolean } | undefined,
): DecidedOutcome {
  if (isBlank(response)) return 'NO_RESPONSE';
  if (customer === undefined) return 'UNKNOWN_CUSTOMER';
  if (!customer.activeChatbot) return 'INACTIVE_CUSTOMER';
  return 'TRACKED';
}
