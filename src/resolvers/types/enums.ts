// GraphQL's enums. Their values are the services' own constants, so nothing is translated on the way.
import { registerEnumType } from 'type-graphql';
import { TOKEN_KINDS } from '../../auth/principal';
import { BREAKDOWN_KINDS } from '../../services/analytics/breakdown';
import { CLIENT_SEGMENTS } from '../../services/analytics/movement';
import { CLIENT_ORDERS } from '../../services/analytics/top-clients';
import { DIMENSIONS } from '../../services/roll-ups/dimensions';
import {
  BUDGET_ENFORCEMENTS,
  BUDGET_INTERVALS,
  BUDGET_MEASURES,
  BUDGET_SUBJECTS,
} from '../../services/signals/budgets';
import { EVENT_TYPES } from '../../services/signals/event-types';
import { SERVE_REASONS } from '../../services/signals/serve-decision';
import { DELIVERY_STATES } from '../../services/signals/webhook-deliveries';
import { WEBHOOK_STATES } from '../../services/signals/webhooks';
import { TRACKING_OUTCOMES } from '../../services/turns/tracking';
import { GROWTH_BASES, PERIOD_PRESETS, TIMELINE_INTERVALS } from '../../values/period';

/** The form of an enum for type-graphql: an object whose keys are the names. Every value must have a description. */
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
  'Whether one turn was charged, and if not, why. Decided when the turn is saved: the first that applies of NO_RESPONSE, UNKNOWN_CUSTOMER, INACTIVE_CUSTOMER, TRACKED.',
  TRACKING_OUTCOMES,
  {
    TRACKED: 'Charged.',
    NO_RESPONSE: 'There is no LLM response, so nothing is charged.',
    UNKNOWN_CUSTOMER:
      'No customer with this phone number or WhatsApp user id is registered in the workspace.',
    INACTIVE_CUSTOMER: 'The customer is registered, with the chatbot switched off.',
    DEFERRED: 'The message is saved, but its charge failed. Reconciliation makes the charge later.',
    VOIDED: 'Charged, and taken back later.',
  },
);

export const TokenKindEnum = enumType(
  'TokenKind',
  'What a token was made for. Its scopes decide what it may do.',
  TOKEN_KINDS,
  {
    SERVICE: 'A workflow or a server that saves turns and registers customers.',
    CLIENT: 'An owner who reads the usage figures of their own workspace.',
    ANALYST: "Somebody who reads figures and customers' messages in the token's workspaces.",
    USER: 'A person with a JWT of an external login. Never writes.',
  },
);

export const PeriodPresetEnum = enumType(
  'PeriodPreset',
  "A period relative to now. Days, weeks (Monday first), months and years are those of the query's time zone. A running period is whole: it reaches to its end.",
  PERIOD_PRESETS,
  {
    TODAY: 'The local day that holds now.',
    YESTERDAY: 'The local day before today.',
    LAST_7_DAYS: 'Seven local days; the last is today.',
    LAST_30_DAYS: 'Thirty local days; the last is today.',
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
  'The measure that orders clients, highest first. Equal clients are ordered by name (byte-wise), then id.',
  CLIENT_ORDERS,
  {
    COST: 'The sum of their charges.',
    MESSAGES: 'The number of their charged turns.',
    LAST_ACTIVE: 'The instant of their last charged turn, latest first.',
  },
);

export const TimelineIntervalEnum = enumType(
  'TimelineInterval',
  "The length of a timeline's buckets, by the clock and calendar of the query's time zone.",
  TIMELINE_INTERVALS,
  {
    HOUR: 'Hours of the local clock. An hour that a clock change repeats has two buckets.',
    DAY: 'Local days, of 23, 24 or 25 hours.',
    WEEK: 'Weeks from Monday.',
    MONTH: 'Calendar months.',
  },
);

export const GrowthBasisEnum = enumType('GrowthBasis', 'What a period is compared with.', GROWTH_BASES, {
  SAME_ELAPSED:
    'A running period is compared with the same part of the period before (1-12 March with 1-12 February); a complete period with the whole period before.',
  FULL_PREVIOUS: 'Always the whole period before.',
  YEAR_EARLIER: 'The same period one year earlier.',
});

export const BudgetSubjectEnum = enumType(
  'BudgetSubject',
  'Whose usage a budget limits. For its customer, a CUSTOMER budget replaces the EACH_CUSTOMER budgets of the same measure and interval.',
  BUDGET_SUBJECTS,
  {
    WORKSPACE: 'All customers together.',
    EACH_CUSTOMER: 'Every customer separately, with the same limit.',
    CUSTOMER: 'One customer.',
  },
);

export const BudgetMeasureEnum = enumType('BudgetMeasure', 'What a budget counts.', BUDGET_MEASURES, {
  COST: "What was charged, in the workspace's currency.",
  MESSAGES: 'Charged turns.',
});

export const BudgetIntervalEnum = enumType(
  'BudgetInterval',
  "When a budget starts again from zero, by the calendar of the workspace's zone.",
  BUDGET_INTERVALS,
  { DAY: 'Each local day.', WEEK: 'Each Monday.', MONTH: 'On the first of each month.' },
);

export const BudgetEnforcementEnum = enumType(
  'BudgetEnforcement',
  'What happens when the limit of a budget is reached.',
  BUDGET_ENFORCEMENTS,
  {
    NOTIFY: 'Events are created; nothing else happens.',
    STOP: 'serveDecision answers false once the limit is reached.',
  },
);

export const ServeReasonEnum = enumType(
  'ServeReason',
  'Why a contact may be served or not: the first that applies of WORKSPACE_ARCHIVED, UNKNOWN_CUSTOMER, INACTIVE_CUSTOMER, BUDGET_REACHED, OK.',
  SERVE_REASONS,
  {
    OK: 'An answer would be charged.',
    UNKNOWN_CUSTOMER: 'No customer with this contact is registered in the workspace.',
    INACTIVE_CUSTOMER: 'The customer is registered, with the chatbot switched off.',
    BUDGET_REACHED: 'The limit of a budget with the enforcement STOP is reached.',
    WORKSPACE_ARCHIVED: 'The workspace takes no more turns.',
  },
);

export const EventTypeEnum = enumType('EventType', 'What an event reports.', EVENT_TYPES, {
  BUDGET_THRESHOLD: 'A threshold of a budget was reached.',
  BUDGET_FORECAST: "At the present pace the period will end above a budget's limit.",
  STATEMENT_CLOSED: 'A month was closed.',
  USAGE_VOIDED: 'A charge was taken back.',
});

export const WebhookStateEnum = enumType(
  'WebhookState',
  'Whether events are sent to a webhook.',
  WEBHOOK_STATES,
  {
    ACTIVE: 'Every event is sent.',
    PAUSED: 'Switched off by a caller: events are held for 30 days.',
    DISABLED:
      'Switched off by the server: the receiver answered with 410, or accepted nothing for five days. Events are held for 30 days.',
  },
);

export const WebhookDeliveryStateEnum = enumType(
  'WebhookDeliveryState',
  'The state of a delivery.',
  DELIVERY_STATES,
  {
    PENDING: 'To be sent, for the first time or again.',
    DELIVERED: 'The receiver answered with 2xx.',
    FAILED: 'Not delivered after ten tries, or held for too long. redeliverEvent sends it again.',
    HELD: 'Waits until its webhook is ACTIVE again, for at most 30 days.',
  },
);

export const ClientSegmentEnum = enumType(
  'ClientSegment',
  "How a client's usage in the period compares with the period before.",
  CLIENT_SEGMENTS,
  {
    NEW: 'The first charged turn ever is in the period.',
    RETURNING: 'Charged in the period and in the period before.',
    REACTIVATED: 'Charged in the period and at some earlier time, but not in the period before.',
    LOST: 'Charged in the period before, but not in the period.',
  },
);

export const DimensionEnum = enumType(
  'Dimension',
  'A property of a turn, given when it was saved.',
  DIMENSIONS,
  {
    CHANNEL: 'How the turn came in, such as whatsapp, web, voice.',
    WORKFLOW: 'Which workflow saved the turn.',
    MODEL: 'Which model answered. Only this one has tokens and a margin.',
  },
);

export const BreakdownKindEnum = enumType(
  'BreakdownKind',
  'What a row of a breakdown counts.',
  BREAKDOWN_KINDS,
  {
    VALUE: 'The turns with one value.',
    REST: 'All values beyond the requested limit.',
    OTHER: 'Turns whose value came after the workspace already had 200 values of this dimension.',
    NONE: 'The turns without a value.',
  },
);
