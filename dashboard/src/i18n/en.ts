// Every word of the page. it.ts has the same keys, which the type checker sees to.
import type { ClientOrder, GrowthBasis, PeriodPreset, TrackingOutcome } from '../gql/graphql';
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

const bases: Record<GrowthBasis, string> = {
  SAME_ELAPSED: 'Same stretch before',
  FULL_PREVIOUS: 'Whole period before',
  YEAR_EARLIER: 'A year earlier',
};

const basesExplained: Record<GrowthBasis, string> = {
  SAME_ELAPSED:
    'A period that still runs is compared with the same stretch of the one before; a complete one with the whole one before.',
  FULL_PREVIOUS: 'Compared with the whole period before, also while this one still runs.',
  YEAR_EARLIER: 'Compared with the same period one year earlier.',
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
};

const outcomesExplained: Record<TrackingOutcome, string> = {
  TRACKED: 'The chatbot answered a registered client.',
  NO_RESPONSE: 'The chatbot gave no answer, so there is nothing to pay.',
  UNKNOWN_CUSTOMER: 'Nobody with this number is registered.',
  INACTIVE_CUSTOMER: 'The client is registered, with the chatbot switched off.',
  DEFERRED: 'Saved; the charge follows within minutes.',
};

const problems: Record<Problem['kind'], string> = {
  token: 'The token has expired, or is not valid any more.',
  rights: 'This token does not open what was asked.',
  offline: 'The server cannot be reached.',
  busy: 'The server is busy.',
  input: 'The server did not understand the question.',
  other: 'Something went wrong on the server.',
};

export const en = {
  product: 'Centesimo',
  tagline: 'What your chatbot costs, to the last cent.',
  skipToContent: 'Skip to the figures',
  language: 'Language',
  theme: 'Appearance',
  themes: { auto: 'Auto', light: 'Light', dark: 'Dark' },
  signIn: 'Sign in',
  signOut: 'Sign out',
  token: 'Token',
  tokenHint:
    'Paste the token that you were given; it starts with ctm_. It stays in this tab and is forgotten when you close it.',
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
  bases,
  basesExplained,
  comparedWith: (range: string) => `vs ${range}`,
  comparedDates: (range: string) => `Compared here: ${range}.`,
  before: (value: string) => `${value} then`,
  noGrowth: 'Nothing to compare with',
  asOf: (time: string) => `As of ${time}`,
  live: 'Live',
  paused: 'Not updating',
  loading: 'Loading…',
  running: 'Still running',
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
  previousPeriod: 'Period before',
  yearEarlier: 'A year earlier',
  peakHours: 'Peak hours',
  busiest: (hour: string, messages: string) => `Busiest at ${hour}: ${messages}.`,
  nothingYet: 'No charges in this period.',
  hour: 'Hour',
  share: 'Share',
  weekAtAGlance: 'Week at a glance',
  heatmapHint: 'Messages by weekday and hour',
  fewer: 'Fewer',
  more: 'More',
  weekday: 'Weekday',
  clients: 'Clients',
  client: 'Client',
  rank: 'Rank',
  lastActive: 'Last active',
  orderBy: 'Order by',
  orders,
  searchClients: 'Search name or number',
  searchResults: (count: string) => `${count} found among all registered clients`,
  noneFound: 'Nobody found. Only registered clients are searched.',
  chatbotOff: 'chatbot off',
  previousPage: 'Previous',
  nextPage: 'Next',
  firstPage: 'First page',
  clientsCount: { one: '{n} client', other: '{n} clients' } satisfies Plural,
  messagesCount: { one: '{n} message', other: '{n} messages' } satisfies Plural,
  verdicts: 'What was charged, and what was not',
  verdict: 'Verdict',
  outcomes,
  outcomesExplained,
  seeMessages: 'See messages',
  seeMessagesOf: (verdict: string) => `See messages: “${verdict}”`,
  needsMessagesRead:
    'What was written can be read with a token that has the scope messages:read (kind analyst). Yours reads figures only.',
  allVerdicts: 'All verdicts',
  messagesTitle: 'Messages',
  wrote: 'Wrote',
  answered: 'Answered',
  noText: 'no text (a picture or a sticker)',
  noAnswer: 'no answer',
  unknownSender: 'Unknown',
  noMessages: 'No messages with this verdict in this period.',
  backToOverview: 'Back to the overview',
  lastTwelveMonths: 'Last twelve months',
  charges: 'Charges',
  when: 'When',
  saved: 'Saved',
  price: 'Price',
  noCharges: 'No charges in this period.',
  clientNever: 'This client was never charged.',
  clientSince: (date: string) => `Registered on ${date}`,
  firstAndLast: (first: string, last: string) => `First ${first} · last ${last}`,
  showMore: 'Show more',
  shownOf: (shown: string, total: string) => `${shown} of ${total}`,
  asTable: 'As a table',
  exportTitle: 'Export',
  exportHint: 'Every charge of this period',
  exporting: 'Preparing the file…',
  exportNoRights: 'Exports need a token with the scope export:read.',
  print: 'Print',
  emptyTitle: 'Nothing here yet',
  emptyHint: 'As soon as the chatbot answers a registered client, it shows here by itself.',
  emptySteps: [
    'Register the clients: npm run cli -- customer add --workspace {workspace} …',
    'Let the n8n workflow call saveMessage with a service token.',
    'Keep this page open: the first charge appears within seconds.',
  ],
  emptyPeriod: 'Nothing was saved in this period. Look at another one:',
  plotOf: (title: string, summary: string) => `${title}. ${summary}`,
  timelineSummary: (range: string, total: string, top: string) =>
    `${range}: ${total} in all. Highest: ${top}.`,
  updating: 'Updating…',
  notFound: 'There is no such page.',
};

type Widen<T> = T extends string
  ? string
  : T extends (...values: infer Values) => string
    ? (...values: Values) => string
    : T extends readonly string[]
      ? readonly string[]
      : { [Key in keyof T]: Widen<T[Key]> };

export type Words = Widen<typeof en>;
