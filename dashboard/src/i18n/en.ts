// Every word of the page. it.ts has the same keys, which the type checker sees to.
import type {
  BudgetInterval,
  BudgetSubject,
  ClientOrder,
  ClientSegment,
  PeriodPreset,
  TrackingOutcome,
} from '../gql/graphql';
import type { Comparison } from '../lib/period';
import type { Problem } from '../lib/problem';

/** One or more: chosen by the language's own rule. */
export interface Plural {
  one: string;
  other: string;
}

const presets: Record<PeriodPreset, string> = {
  TODAY: 'Today',
  YESTERDAY: 'Yesterday',
  LAST_7_DAYS: 'Last 7 days',
  LAST_30_DAYS: 'Last 30 days',
  THIS_WEEK: 'This week',
  LAST_WEEK: 'Last week',
  THIS_MONTH: 'This month',
  LAST_MONTH: 'Last month',
  THIS_YEAR: 'This year',
  LAST_YEAR: 'Last year',
};

const comparisons: Record<Comparison, string> = {
  SAME_ELAPSED: 'Same days of the period before',
  FULL_PREVIOUS: 'Whole period before',
  YEAR_EARLIER: 'A year earlier',
  SAME_WEEKDAYS: 'Same weekdays before',
};

const comparisonsExplained: Record<Comparison, string> = {
  SAME_ELAPSED:
    'A period that still runs is compared with the same days of the one before; a complete one with the whole one before.',
  FULL_PREVIOUS: 'Compared with the whole period before, also while this one still runs.',
  YEAR_EARLIER: 'Compared with the same period one year earlier.',
  SAME_WEEKDAYS:
    'Compared with as many days so many whole weeks earlier, so that every day meets the same weekday.',
};

/** What stands behind this period in a plot. */
const beforeNames: Record<Comparison, string> = {
  SAME_ELAPSED: 'Period before',
  FULL_PREVIOUS: 'Period before',
  YEAR_EARLIER: 'A year earlier',
  SAME_WEEKDAYS: 'Same weekdays before',
};

const orders: Record<ClientOrder, string> = {
  COST: 'Cost',
  MESSAGES: 'Messages',
  LAST_ACTIVE: 'Last active',
};

const outcomes: Record<TrackingOutcome, string> = {
  TRACKED: 'Charged',
  NO_RESPONSE: 'No answer',
  UNKNOWN_CUSTOMER: 'Unknown number',
  INACTIVE_CUSTOMER: 'Chatbot off',
  DEFERRED: 'Charge to come',
  VOIDED: 'Taken back',
};

const outcomesExplained: Record<TrackingOutcome, string> = {
  TRACKED: 'The chatbot answered a registered client.',
  NO_RESPONSE: 'The chatbot gave no answer, so there is nothing to pay.',
  UNKNOWN_CUSTOMER: 'Nobody with this number is registered.',
  INACTIVE_CUSTOMER: 'The client is registered, with the chatbot switched off.',
  DEFERRED: 'Saved; the charge follows within minutes.',
  VOIDED: 'It was charged by mistake, and is not to be paid.',
};

const segments: Record<ClientSegment, string> = {
  NEW: 'New',
  RETURNING: 'Regular',
  REACTIVATED: 'Back',
  LOST: 'Quiet',
};

const segmentsExplained: Record<ClientSegment, string> = {
  NEW: 'Their first charged message ever is in this period.',
  RETURNING: 'They wrote in this period and in the one before.',
  REACTIVATED: 'They are back: not in the period before, but earlier.',
  LOST: 'They wrote in the period before and not yet in this one. Their figures are of then.',
};

const intervals: Record<BudgetInterval, string> = { DAY: 'each day', WEEK: 'each week', MONTH: 'each month' };

const subjects: Record<BudgetSubject, string> = {
  WORKSPACE: 'all clients together',
  EACH_CUSTOMER: 'each client',
  CUSTOMER: 'of',
};

const problems: Record<Problem['kind'], string> = {
  token: 'The token has expired, or is not valid any more.',
  rights: 'This token does not open what was asked.',
  offline: 'The server cannot be reached.',
  busy: 'The server is busy. It helps to try again in a moment.',
  often: 'Too many requests came at once. It helps to wait a minute.',
  input: 'The server cannot answer this: look at the period and the search.',
  other: 'Something went wrong on the server.',
};

const clock = (hour: number): string => `${String(hour).padStart(2, '0')}:00`;

export const en = {
  product: 'Centesimo',
  menus: { reader: 'Menu', view: 'Compare, export, print' },
  tagline: 'What your chatbot costs, to the last cent.',
  skipToContent: 'Skip to the figures',
  language: 'Language',
  theme: 'Appearance',
  themes: { auto: 'Auto', light: 'Light', dark: 'Dark' },
  signIn: 'Sign in',
  signOut: 'Sign out',
  token: 'Token',
  tokenHint:
    'Paste the token that you were given; it starts with ctm_. Unless you ask to stay signed in, it is forgotten when you close the tab.',
  staySignedIn: 'Stay signed in on this device',
  tokenWrong: 'This token is not valid: mistyped, expired or revoked.',
  tokenNoRights:
    'This token is valid, but it may not read figures. Ask for one with the scope usage:read (kind client or analyst).',
  tokenNoWorkspace: 'This token is valid, but opens no workspace.',
  signingIn: 'Signing in…',
  expiredTitle: 'Signed out by the server',
  expiredHint: 'The figures below are the last that were read. Paste a valid token to go on.',
  expiresSoon: (date: string) => `Your token expires on ${date}.`,
  retry: 'Try again',
  problems,
  errorId: (id: string) => `Whoever runs the server finds it by the id ${id}.`,
  wrongAddress: 'This address asks for something that there is not:',
  openWithout: 'Open the page without it',
  keptFigures: 'The figures below are the last that were read.',
  foreignWorkspace: (id: string) => `Your token does not open the workspace ${id}.`,
  openOther: (name: string) => `Open ${name}`,
  workspace: 'Workspace',
  period: 'Period',
  periodGroups: { presets: 'From today', months: 'Months', other: 'Other' },
  presets,
  freeRange: 'Free range…',
  from: 'From',
  to: 'To (included)',
  apply: 'Apply',
  rangeWrong: 'The first day must not be after the last.',
  earlier: 'Earlier',
  later: 'Later',
  timeZone: 'Time zone',
  compareWith: 'Compare with',
  comparisons,
  comparisonsExplained,
  beforeNames,
  comparedWith: (range: string) => `vs ${range}`,
  comparedDates: (range: string) => `Compared here: ${range}.`,
  before: (value: string) => `${value} before`,
  tooLittleBefore: 'Too little before to compare with',
  noGrowth: 'Nothing to compare with',
  asOf: (time: string) => `As of ${time}`,
  states: { live: 'Live', complete: 'Complete', stopped: 'Not updating' },
  loading: 'Loading…',
  cost: 'Cost',
  messages: 'Messages',
  messagesCharged: 'Messages charged',
  activeClients: 'Active clients',
  perClient: (value: string) => `${value} per client`,
  perMessage: (value: string) => `${value} per message now`,
  forecast: 'Forecast',
  forecastHint: 'At this pace, by the end of the period',
  forecastComplete: 'The period is over: there is nothing to forecast.',
  forecastTooEarly: 'A day has to pass before a forecast can be made.',
  growthExplained: 'How this is compared',
  costOverTime: 'Cost over time',
  thisPeriod: 'This period',
  peakHours: 'Peak hours',
  busiest: (hour: string, messages: string) => `Busiest at ${hour}: ${messages}.`,
  nothingYet: 'No charges in this period.',
  hour: 'Hour',
  share: 'Share',
  weekAtAGlance: 'Week at a glance',
  heatmapHint: 'Messages by weekday and hour',
  fewer: 'Fewer',
  more: 'More',
  cell: (weekday: string, from: string, to: string, what: string) => `${weekday} ${from}–${to}: ${what}`,
  clients: 'Clients',
  client: 'Client',
  rank: 'Rank',
  lastActive: 'Last active',
  orderBy: 'Order by',
  orders,
  search: 'Search',
  searchClients: 'Search name or number',
  searchResults: (count: string) => `${count} found among all registered clients`,
  noneFound: 'Nobody found. Only registered clients are searched.',
  chatbotOff: 'chatbot off',
  nextPage: 'Next',
  firstPage: 'First page',
  clientsCount: { one: '{n} client', other: '{n} clients' } satisfies Plural,
  messagesCount: { one: '{n} message', other: '{n} messages' } satisfies Plural,
  outcomesTitle: 'What was charged, and what was not',
  outcome: 'Outcome',
  outcomes,
  outcomesExplained,
  seeMessages: 'See messages',
  seeMessagesOf: (outcome: string) => `See messages: “${outcome}”`,
  needsMessagesRead:
    'What was written can be read with a token that has the scope messages:read (kind analyst). Yours reads figures only.',
  allOutcomes: 'All outcomes',
  messagesTitle: 'Messages',
  wrote: 'Wrote',
  answered: 'Answered',
  noText: 'no text (a picture or a sticker)',
  textRemoved: 'deleted',
  noAnswer: 'no answer',
  unknownSender: 'Unknown',
  noMessages: 'No messages with this outcome in this period.',
  backToOverview: 'Back to the overview',
  lastTwelveMonths: 'Last twelve months',
  charges: 'Charges',
  when: 'When',
  saved: 'Saved',
  price: 'Price',
  noCharges: 'No charges in this period.',
  erasedClient: (number: string) => `Erased customer ${number}`,
  erasedState: 'Name, number and messages were deleted. The charges stay.',
  chatbotStates: {
    on: 'The chatbot answers this client.',
    off: 'The chatbot is switched off for this client.',
  },
  clientNever: 'Nothing was ever charged.',
  noSuchClient: 'This shop has no client with this id:',
  savedMessages: 'What was said',
  clientSince: (date: string) => `Registered on ${date}`,
  firstAndLast: (first: string, last: string) => `First ${first} · last ${last}`,
  showMore: 'Show more',
  shownOf: (shown: string, total: string) => `${shown} of ${total}`,
  asTable: 'Show table',
  exportTitle: 'Export',
  exportHint: 'Every charge of this period',
  exporting: 'Preparing the file…',
  exportNoRights: 'Exports need a token with the scope export:read.',
  print: 'Print',
  emptyTitle: 'No messages yet',
  emptyHints: [
    'As soon as a client of yours writes and the chatbot answers, you see it here within seconds: there is nothing to reload.',
    'If clients have written already, ask whoever set up your chatbot whether it is connected and whether your clients are registered.',
  ],
  emptyPeriod: 'Nothing was saved in this period. Look at another one:',
  plotOf: (title: string, summary: string) => `${title}. ${summary}`,
  timelineSummary: (range: string, total: string, top: string) =>
    `${range}: ${total} in all. Highest: ${top}.`,
  updating: 'Updating…',
  notFound: 'There is no such page.',
  statements: 'Closed months',
  statementsExplained:
    'A closed month stays as it is for good: this is what was billed. What comes later is on the next one.',
  noStatements: 'No month has been closed yet. Whoever runs your server closes them.',
  month: 'Month',
  total: 'Total',
  amount: 'Amount',
  files: 'Files',
  usageToday: 'Usage as counted today',
  usageTodayExplained: 'By when each message was written, with all that came later.',
  seeMonth: 'See the month',
  statementOf: (month: string) => `Statement of ${month}`,
  statementNumber: (number: string) => `No. ${number}`,
  statementTotal: 'Total of the statement',
  closedOn: (date: string) => `closed on ${date}`,
  notClosed: (month: string) => `${month} is not closed.`,
  carriedPart: (amount: string) => `${amount} of it from earlier months`,
  carriedFrom: (month: string) => `from ${month}`,
  sinceClosing: 'What changed since it was closed',
  nothingSince: 'Nothing: the month costs today what its statement says.',
  ownPart: 'This month on the statement',
  cameLate: 'Came late',
  takenBack: 'Taken back',
  zoneChanged: 'Moved by another time zone',
  billedNext: (amount: string, month: string) => `${amount} will be on the statement of ${month}.`,
  billedLater: (amount: string) => `${amount} is on a later statement already.`,
  billedBeside: (amount: string) =>
    `${amount} is on the statement of the month before or after: no message is billed twice.`,
  neverChanges: 'The statement itself never changes. It is no invoice.',
  morning: {
    charged: (messages: string, cost: string) => `Yesterday ${messages}, ${cost}`,
    none: 'Yesterday no message was charged',
    averageDays: [
      'an average Monday',
      'an average Tuesday',
      'an average Wednesday',
      'an average Thursday',
      'an average Friday',
      'an average Saturday',
      'an average Sunday',
    ],
    more: (percent: string, day: string) => `${percent} more than ${day}`,
    less: (percent: string, day: string) => `${percent} less than ${day}`,
    same: (day: string) => `as many as ${day}`,
    far: (day: string) => `far more than ${day}`,
    unanswered: { one: '{n} unanswered', other: '{n} unanswered' } satisfies Plural,
    allBetween: (from: number, to: number) => ` between ${clock(from)} and ${clock(to)}`,
    mostBetween: (from: number, to: number) => `, most between ${clock(from)} and ${clock(to)}`,
  },
  segmentsTitle: 'Which clients',
  allClients: 'All',
  segments,
  segmentsExplained,
  shownHours: 'What the week shows',
  hoursOf: { CHARGED: 'Messages charged', UNANSWERED: 'Without an answer' },
  unansweredHint: 'Messages without an answer, by weekday and hour',
  everyAnswered: 'Every message was answered.',
  onAverage: (value: string) => `${value} each time on average`,
  budgets: 'Limits',
  intervals,
  subjects,
  closest: 'closest to it:',
  usedOf: (used: string, limit: string) => `${used} of ${limit}`,
  limitForecast: (value: string) => `At this pace ${value} by the end`,
  limitReached: 'The limit is reached.',
  limitStops: 'The chatbot stops answering, if its workflow asks.',
  limitReachedOf: (name: string) => `The limit “${name}” is reached.`,
  limitsReached: { one: '{n} limit is reached.', other: '{n} limits are reached.' } satisfies Plural,
  closedNote: (number: string, total: string) => `Closed: statement no. ${number}, ${total}`,
};

type Widen<T> = T extends string
  ? string
  : T extends (...values: infer Values) => string
    ? (...values: Values) => string
    : T extends readonly string[]
      ? readonly string[]
      : { [Key in keyof T]: Widen<T[Key]> };

export type Words = Widen<typeof en>;
