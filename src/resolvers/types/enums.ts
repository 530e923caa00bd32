// GraphQL's enums. Their values are the services' own constants, so nothing is translated on the way.
import { registerEnumType } from 'type-graphql';
import { TOKEN_KINDS } from '../../auth/principal';
import { CLIENT_SEGMENTS } from '../../services/analytics/movement';
import { CLIENT_ORDERS } from '../../services/analytics/top-clients';
import {
  BUDGET_ENFORCEMENTS,
  BUDGET_INTERVALS,
  BUDGET_MEASURES,
  BUDGET_SUBJECTS,
} from '../../services/signals/budgets';
import { EVENT_TYPES } from '../../services/signals/events';
import { SERVE_REASONS } from '../../services/signals/serve-decision';
import { TRACKING_OUTCOMES } from '../../services/turns/tracking';
import { GROWTH_BASES, PERIOD_PRESETS, TIMELINE_INTERVALS } from '../../values/period';

/** What type-graphql takes for an enum: an object whose keys are the names. Every value must be described. */
function enumType<Value extends string>(
  name: string,
  description: string,
  values: readonly Value[],
  descriptions: Record<Value, string>,
): Record<Value, Value> {
  // The tuple lists every value once, so the object has every key.
  const type = Object.fromEntries(values.map((value) => [value, value])) as Record<Value, Value>;
  const valuesConfig: Record<string, { description: string }> = {};
  for (const value of values) valuesConfig[value] = { description: descriptions[value] };
  registerEnumType<Record<string, string>>(type, { name, description, valuesConfig });
  return type;
}

export const TrackingOutcomeEnum = enumType(
  'TrackingOutcome',
  'Whether one turn was charged, and if not, why. Decided in this order when the turn is saved: NO_RESPONSE, UNKNOWN_CUSTOMER, INACTIVE_CUSTOMER, TRACKED; the first that fits wins.',
  TRACKING_OUTCOMES,
  {
    TRACKED: 'Charged.',
    NO_RESPONSE: 'No LLM response, nothing to charge.',
    UNKNOWN_CUSTOMER: 'Nobody with this number is registered in the workspace.',
    INACTIVE_CUSTOMER: 'The customer is registered, with the chatbot switched off.',
    DEFERRED: 'The message is safe; the charge failed for now and is made later by reconciliation.',
    VOIDED: 'Charged, and taken back later.',
  },
);

export const TokenKindEnum = enumType(
  'TokenKind',
  'What a token was made for. Its scopes decide what it may do.',
  TOKEN_KINDS,
  {
    SERVICE: 'A workflow or a server that saves turns and registers customers.',
    CLIENT: 'An owner who reads the usage figures of the own workspace.',
    ANALYST: "Somebody who reads figures and customers' messages in the workspaces given.",
    USER: 'A person who came with a JWT of an outside login. Never writes.',
  },
);

export const PeriodPresetEnum = enumType(
  'PeriodPreset',
  "A period named from now. Days, weeks (Monday first), months and years are those of the query's time zone; a running one is taken whole, up to its end.",
  PERIOD_PRESETS,
  {
    TODAY: 'The local day that holds now.',
    YESTERDAY: 'The local day before today.',
    LAST_7_DAYS: 'Seven local days, today as the last.',
    LAST_30_DAYS: 'Thirty local days, today as the last.',
    THIS_WEEK: 'The week that holds now, from Monday.',
    LAST_WEEK: 'The whole week before this one.',
    THIS_MONTH: 'The calendar month that holds now. The default.',
    LAST_MONTH: 'The whole calendar month before this one.',
    THIS_YEAR: 'The calendar year that holds now.',
    LAST_YEAR: 'The whole calendar year before this one.',
  },
);

export const ClientOrderEnum = enumType(
  'ClientOrder',
  'Which measure orders clients, highest first. Ties go by name (byte-wise), then id.',
  CLIENT_ORDERS,
  {
    COST: 'What they cost.',
    MESSAGES: 'How many turns of theirs were charged.',
    LAST_ACTIVE: 'When their last charged turn happened, the latest first.',
  },
);

export const TimelineIntervalEnum = enumType(
  'TimelineInterval',
  "The length of a timeline's buckets, on the clock and calendar of the query's time zone.",
  TIMELINE_INTERVALS,
  {
    HOUR: 'Hours of the local clock; an hour that a clock change repeats is two buckets.',
    DAY: 'Local days, of 23, 24 or 25 hours.',
    WEEK: 'Weeks from Monday.',
    MONTH: 'Calendar months.',
  },
);

export const GrowthBasisEnum = enumType('GrowthBasis', 'What a period is compared with.', GROWTH_BASES, {
  SAME_ELAPSED:
    'A running period is compared with the same stretch of the period before (1-12 March with 1-12 February); a complete one with the whole one before.',
  FULL_PREVIOUS: 'Always the whole period before.',
  YEAR_EARLIER: 'The same period one year earlier.',
});

export const BudgetSubjectEnum = enumType(
  'BudgetSubject',
  'Whose usage a budget limits. CUSTOMER goes before EACH_CUSTOMER of the same measure and interval.',
  BUDGET_SUBJECTS,
  {
    WORKSPACE: 'All customers together.',
    EACH_CUSTOMER: 'Every customer for itself, with the same limit.',
    CUSTOMER: 'One customer.',
  },
);

export const BudgetMeasureEnum = enumType('BudgetMeasure', 'What a budget counts.', BUDGET_MEASURES, {
  COST: "What was charged, in the workspace's currency.",
  MESSAGES: 'Charged turns.',
});

export const BudgetIntervalEnum = enumType(
  'BudgetInterval',
  "How often a budget starts anew, by the calendar of the workspace's zone.",
  BUDGET_INTERVALS,
  { DAY: 'Each local day.', WEEK: 'Each Monday.', MONTH: 'On the first of each month.' },
);

export const BudgetEnforcementEnum = enumType(
  'BudgetEnforcement',
  'What happens when the limit of a budget is reached.',
  BUDGET_ENFORCEMENTS,
  { NOTIFY: 'Events only.', STOP: 'serveDecision says no once the limit is reached.' },
);

export const ServeReasonEnum = enumType(
  'ServeReason',
  'Why a contact may be served or not. Decided in this order: WORKSPACE_ARCHIVED, UNKNOWN_CUSTOMER, INACTIVE_CUSTOMER, BUDGET_REACHED, OK; the first that fits wins.',
  SERVE_REASONS,
  {
    OK: 'An answer would be charged.',
    UNKNOWN_CUSTOMER: 'Nobody with this contact is registered in the workspace.',
    INACTIVE_CUSTOMER: 'The customer is registered, with the chatbot switched off.',
    BUDGET_REACHED: 'The limit of a budget with the enforcement STOP is reached.',
    WORKSPACE_ARCHIVED: 'The workspace takes no more turns.',
  },
);

export const EventTypeEnum = enumType('EventType', 'What an event tells of.', EVENT_TYPES, {
  BUDGET_THRESHOLD: 'A threshold of a budget was reached.',
  BUDGET_FORECAST: 'The period will end above the limit of a budget at this pace.',
  STATEMENT_CLOSED: 'A month was closed.',
  USAGE_VOIDED: 'A charge was taken back.',
});

export const ClientSegmentEnum = enumType(
  'ClientSegment',
  'Where a client stands between the period and the one before.',
  CLIENT_SEGMENTS,
  {
    NEW: 'The first charged turn ever is in the period.',
    RETURNING: 'Charged in the period and in the one before.',
    REACTIVATED: 'Charged in the period and ever before, but not in the one before.',
    LOST: 'Charged in the one before, not in the period.',
  },
);
