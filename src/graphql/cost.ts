// What an operation costs, counted before anything is read: how much work it is, and how long its answer may get.
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from 'graphql';
import { AppError } from '../errors';
import { BREAKDOWN_KINDS } from '../services/analytics/breakdown';
import { customerTimelinePeriod } from '../services/analytics/customer-timeline';
import { MONTHS_LIMIT } from '../services/analytics/retention';
import { POINTS_LIMIT } from '../services/analytics/timeline';
import { PAGE_LIMIT } from '../services/page';
import { VALUES_LIMIT } from '../services/roll-ups/dimensions';
import { BUDGETS_LIMIT, THRESHOLDS_LIMIT } from '../services/signals/budget-service';
import { EVENT_TYPES } from '../services/signals/event-types';
import { WEBHOOKS_LIMIT } from '../services/signals/webhooks';
import { TRACKING_OUTCOMES } from '../services/turns/tracking';
import { FAILURE_LIMIT, TEXT_LIMIT } from '../services/turns/turn';
import { DAY_MS, HOUR_MS } from '../values/duration';
import { monthNumber } from '../values/month';
import {
  type Period,
  type PeriodChoice,
  resolvePeriod,
  TIMELINE_INTERVALS,
  type TimelineInterval,
} from '../values/period';
import { localClock, SLOT_MS } from '../values/time';

export interface Cost {
  /** A value in the answer costs one point, about 3 µs of processor time. The table below has PostgreSQL's work. */
  points: number;
  /** The most characters that the answer can hold; each text counts with its maximum length. */
  characters: number;
}

/** What the document doesn't say. */
export interface Asker {
  now: Date;
  /** Workspaces that the caller's token is for. */
  workspaces: number;
}

const NOTHING: Cost = { points: 0, characters: 0 };

/** A value and its name, on average. The table below has the fields with other lengths. */
const VALUE_CHARACTERS = 40;
const CHARACTERS: Readonly<Record<string, number>> = {
  'Message.message': TEXT_LIMIT,
  'Message.response': TEXT_LIMIT,
  'Message.failure': FAILURE_LIMIT,
};

/** The fields that hold what people wrote. */
export const TEXTS = Object.keys(CHARACTERS);

/** How many 15-minute slots PostgreSQL adds up in the time of one point. */
const SLOTS_A_POINT = 400;

/** A row with its joins, from PostgreSQL to an object, whether it is shown or not. */
const ROW_POINTS = 10;

/** PostgreSQL's work for a field, beside the values of its answer. Measured: docs/security.md#points. */
const QUESTIONS: Readonly<Record<string, (within: Within) => number>> = {
  'UsageReport.totals': ({ period }) => 10 + slots(period),
  'UsageReport.growth': ({ period }) => 10 + 2 * slots(period),
  // Each month has a row for each client, and all of them are read.
  'UsageReport.topClients': ({ period }) => 20 + 10 * months(period),
  'UsageReport.clients': ({ period }) => 20 + 10 * months(period),
  'UsageReport.clientMovement': ({ period }) => 40 + 12 * months(period),
  'UsageReport.clientsIn': ({ period }) => 40 + 12 * months(period),
  'UsageReport.distribution': ({ period }) => 20 + 5 * months(period),
  'UsageReport.breakdown': ({ period, byModel }) =>
    20 + slots(period) + days(period) / 4 + (byModel ? 30 + slots(period) + days(period) / 4 : 0),
  'UsageReport.margin': ({ period }) => 40 + 2 * slots(period) + days(period) / 4,
  // Each client's days are read, and the whole list's turns that were not charged.
  'ClientUsage.margin': ({ period, among }) => 1 + 40 / among + days(period) / 4,
  // Read for the whole list at once.
  'ClientUsage.previous': ({ among }) => 1 + 30 / among,
  'Query.retention': () => 300,
  // A cohort has on average half as many months as there are cohorts.
  'Cohort.retained': ({ among }) => among / 2,
  'UsageReport.peakHour': ({ period }) => 10 + slots(period),
  'UsageReport.peakHours': ({ period }) => 10 + slots(period),
  'UsageReport.heatmap': ({ period }) => 10 + slots(period),
  'UsageReport.timeline': ({ period }) => 10 + slots(period),
  'UsageReport.outcomes': ({ period }) => 10 + slots(period),
  'UsageReport.forecast': ({ period }) => 10 + slots(period),
  // Made for the whole timeline or heatmap at once.
  'TimelinePoint.outcomes': ({ period, among }) => (10 + slots(period)) / among,
  'HeatmapCell.outcomes': ({ period, among }) => (10 + slots(period)) / among,
  'Customer.usage': () => 5,
  'Customer.timeline': ({ period }) => 5 + days(period) / 40,
  // Every saved turn of the customer is looked at.
  'Customer.outcomes': ({ period }) => 5 + days(period) / 10,
  'Query.usageRecords': ({ rows }) => rows * ROW_POINTS,
  'Query.messages': ({ rows }) => rows * ROW_POINTS,
  'UsageRecord.message': () => ROW_POINTS,
  // Distinct clients can't be added up: they are counted for each point.
  'TimelinePoint.activeClients': ({ interval }) => (interval === 'HOUR' ? 0 : 25),
  'UsageRecordConnection.totalCount': () => 100,
  'MessageConnection.totalCount': () => 100,
  'CustomerConnection.totalCount': () => 10,
  'ClientUsageConnection.totalCount': ({ period }) => 20 + 10 * months(period),
  // For the whole page at once; months of usage, and what was posted late.
  'UsageStatement.sinceClosing': () => 15,
  'EventConnection.totalCount': () => 100,
  'Webhook.deliveries': ({ rows }) => 5 + rows * ROW_POINTS,
  'WebhookDeliveryConnection.totalCount': () => 100,
  'Budget.state': () => 10,
  'Query.serveDecision': () => 10,
};

const slots = (period: Period | undefined): number =>
  period ? Math.ceil((period.to.getTime() - period.from.getTime()) / SLOT_MS / SLOTS_A_POINT) : 0;

const days = (period: Period | undefined): number =>
  period ? Math.ceil((period.to.getTime() - period.from.getTime()) / DAY_MS) : 0;

const months = (period: Period | undefined): number => days(period) / 30;

/** What the fields above a field determine. */
interface Within {
  /** How many values the list has that the field is in. */
  among: number;
  /** Rows of the page whose edges and nodes these are. */
  rows: number;
  period: Period | undefined;
  interval: TimelineInterval | undefined;
  /** By MODEL the costs are read too. */
  byModel: boolean;
}

type Arguments = Readonly<Record<string, unknown>>;

/**
 * The cost of one operation of a valid document. `variables` are coerced. An invalid period costs nothing: the service
 * refuses it.
 */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Arguments,
  asker: Asker,
): Cost {
  const root = schema.getRootType(operation.operation);
  if (!root) return NOTHING;
  const within: Within = { among: 1, rows: 1, period: undefined, interval: undefined, byModel: false };
  const { points, characters } = new Counter(schema, document, variables, asker).ofSet(
    root,
    operation.selectionSet,
    within,
  );
  return { points: Math.ceil(points), characters: Math.ceil(characters) };
}

class Counter {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly inIntrospection: Readonly<Record<string, number>>;

  constructor(
    schema: GraphQLSchema,
    document: DocumentNode,
    private readonly variables: Arguments,
    private readonly asker: Asker,
  ) {
    for (const node of document.definitions) {
      if (node.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(node.name.value, node);
    }
    this.inIntrospection = introspectionLengths(schema);
  }

  ofSet(type: GraphQLObjectType, set: SelectionSetNode, within: Within): Cost {
    const total = { ...NOTHING };
    for (const selection of set.selections) {
      const cost = this.isLeftOut(selection) ? NOTHING : this.ofSelection(type, selection, within);
      total.points += cost.points;
      total.characters += cost.characters;
    }
    return total;
  }

  private ofSelection(type: GraphQLObjectType, selection: SelectionNode, within: Within): Cost {
    if (selection.kind === Kind.FIELD) {
      const field = this.fieldOf(type, selection.name.value);
      if (!field) return { points: 1, characters: VALUE_CHARACTERS };
      const args = getArgumentValues(field, selection, { ...this.variables });
      return this.ofField(type, field, args, selection.selectionSet, within);
    }
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.ofSet(type, selection.selectionSet, within);
    const fragment = this.fragments.get(selection.name.value);
    return fragment ? this.ofSet(type, fragment.selectionSet, within) : NOTHING;
  }

  private ofField(
    type: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
    args: Arguments,
    set: SelectionSetNode | undefined,
    above: Within,
  ): Cost {
    const coordinate = `${type.name}.${field.name}`;
    const within = this.within(coordinate, field, args, above);
    const inner = getNamedType(field.type);
    const length = this.lengthOf(coordinate, field, args, within);
    const each =
      set && isObjectType(inner)
        ? this.ofSet(inner, set, isList(field) ? { ...within, among: Math.max(length, 1) } : within)
        : { points: 0, characters: CHARACTERS[coordinate] ?? 0 };
    return {
      points: 1 + (QUESTIONS[coordinate]?.(within) ?? 0) + length * each.points,
      characters: VALUE_CHARACTERS + length * each.characters,
    };
  }

  /** The services refuse longer pages. */
  private lengthOf(
    coordinate: string,
    field: GraphQLField<unknown, unknown>,
    args: Arguments,
    within: Within,
  ): number {
    if (!isList(field)) return this.inIntrospection[coordinate] ?? 1;
    switch (coordinate) {
      case 'UsageReport.heatmap':
        return 168;
      case 'UsageReport.timeline':
        return this.points(within);
      case 'Customer.timeline':
        // The service refuses hours.
        return within.interval === 'HOUR' ? 1 : this.points(within);
      case 'UsageReport.outcomes':
      case 'TimelinePoint.outcomes':
      case 'HeatmapCell.outcomes':
      case 'Customer.outcomes':
        return TRACKING_OUTCOMES.length;
      case 'UsageReport.breakdown':
        return (askedLength(field, args, VALUES_LIMIT) ?? 0) + BREAKDOWN_KINDS.length - 1;
      case 'Query.budgets':
        return BUDGETS_LIMIT;
      case 'Query.webhooks':
        return WEBHOOKS_LIMIT;
      case 'Webhook.events':
        return EVENT_TYPES.length;
      case 'Budget.thresholds':
      case 'BudgetState.crossed':
        return THRESHOLDS_LIMIT;
      case 'Query.retention':
        return monthsOf(args);
      case 'Query.workspaces':
      case 'Viewer.workspaces':
        return Math.max(this.asker.workspaces, 1);
      case 'Mutation.saveMessages':
        return Array.isArray(args.items) ? args.items.length : 1;
      default:
        return this.inIntrospection[coordinate] ?? askedLength(field, args) ?? within.rows;
    }
  }

  private within(
    coordinate: string,
    field: GraphQLField<unknown, unknown>,
    args: Arguments,
    above: Within,
  ): Within {
    const takes = (name: string) => field.args.some((argument) => argument.name === name);
    const resolve = coordinate === 'Customer.timeline' ? customerTimelinePeriod : resolvePeriod;
    return {
      among: above.among,
      rows: askedLength(field, args) ?? above.rows,
      period: takes('period') ? this.periodOf(args, resolve) : above.period,
      interval: takes('interval') ? intervalOf(field, args) : above.interval,
      byModel: args.by === 'MODEL',
    };
  }

  /** Uses the query's zone, or UTC: the workspace's own zone is not known yet and moves a bound only by hours. */
  private periodOf({ period, timeZone }: Arguments, resolve: typeof resolvePeriod): Period | undefined {
    const choice: PeriodChoice = typeof period === 'object' && period !== null ? period : {};
    try {
      return resolve(choice, typeof timeZone === 'string' ? timeZone : 'UTC', this.asker.now);
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }

  /** How many points a timeline has: the local units between the period's ends, at most up to the present. */
  private points({ period, interval = 'DAY' }: Within): number {
    if (!period) return 1;
    const { from, timeZone } = period;
    const last = Math.min(period.to.getTime() - 1, this.asker.now.getTime());
    if (last < from.getTime()) return 1;
    const count = unitOf(new Date(last), interval, timeZone) - unitOf(from, interval, timeZone) + 1;
    // The service refuses more and names a coarser interval.
    return Math.min(count, POINTS_LIMIT);
  }

  private fieldOf(type: GraphQLObjectType, name: string): GraphQLField<unknown, unknown> | undefined {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    return type.getFields()[name];
  }

  private isLeftOut(selection: SelectionNode): boolean {
    const values = { ...this.variables };
    return (
      getDirectiveValues(GraphQLSkipDirective, selection, values)?.if === true ||
      getDirectiveValues(GraphQLIncludeDirective, selection, values)?.if === false
    );
  }
}

const isList = ({ type }: GraphQLField<unknown, unknown>): boolean => isListType(getNullableType(type));

/** A length of null means the default, as if it were left out. */
function askedLength(
  field: GraphQLField<unknown, unknown>,
  args: Arguments,
  most = PAGE_LIMIT,
): number | undefined {
  for (const { name, defaultValue } of field.args) {
    if (name !== 'first' && name !== 'limit') continue;
    const asked = args[name] ?? defaultValue;
    if (typeof asked === 'number') return Math.min(Math.max(asked, 1), most);
  }
  return undefined;
}

function intervalOf({ args }: GraphQLField<unknown, unknown>, { interval }: Arguments): TimelineInterval {
  const asked = interval ?? args.find(({ name }) => name === 'interval')?.defaultValue;
  return TIMELINE_INTERVALS.find((name) => name === asked) ?? 'DAY';
}

/** How many cohorts are asked for. */
function monthsOf({ from, to }: Arguments): number {
  const months = monthNumber(String(to)) - monthNumber(String(from)) + 1;
  return Math.min(Math.max(months, 1), MONTHS_LIMIT);
}

/** 1970 began on a Thursday. */
const MONDAY_MS = 3 * DAY_MS;

/** The number of the local hour, day, week or month that an instant lies in. */
function unitOf(at: Date, interval: TimelineInterval, zone: string): number {
  const clock = localClock(at, zone);
  if (interval === 'HOUR') return Math.floor(clock / HOUR_MS);
  if (interval === 'DAY') return Math.floor(clock / DAY_MS);
  if (interval === 'WEEK') return Math.floor((clock + MONDAY_MS) / (7 * DAY_MS));
  const date = new Date(clock);
  return 12 * date.getUTCFullYear() + date.getUTCMonth();
}

const lengths = new WeakMap<GraphQLSchema, Readonly<Record<string, number>>>();

/**
 * How long introspection's lists are: fields, arguments and values of an average type. `ofType` is null at a named
 * type, so a chain of them ends long before the nine of the usual query.
 */
function introspectionLengths(schema: GraphQLSchema): Readonly<Record<string, number>> {
  const known = lengths.get(schema);
  if (known) return known;
  const types = Object.values(schema.getTypeMap());
  const fields = types.flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()) : []));
  const args = fields.reduce((sum, field) => sum + field.args.length, 0);
  const values = types.reduce((sum, type) => sum + ('getValues' in type ? type.getValues().length : 0), 0);
  const inputs = types.reduce(
    (sum, type) =>
      sum + ('getFields' in type && !isObjectType(type) ? Object.keys(type.getFields()).length : 0),
    0,
  );
  const typed = [...fields, ...fields.flatMap((field) => field.args)].map(({ type }) => String(type));
  // '[Int!]!' wraps its name three times.
  const wrappers = typed.reduce((sum, type) => sum + (type.match(/[[!]/g)?.length ?? 0), 0);
  const found = {
    '__Type.ofType': wrappers / (wrappers + typed.length),
    '__Schema.types': types.length,
    '__Schema.directives': schema.getDirectives().length,
    '__Type.fields': fields.length / types.length,
    '__Type.inputFields': inputs / types.length,
    '__Type.enumValues': values / types.length,
    '__Field.args': args / fields.length,
    '__Directive.args': 1,
    '__Directive.locations': 4,
  };
  lengths.set(schema, found);
  return found;
}
