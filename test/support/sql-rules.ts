// The rules for SQL (docs/architecture.md#sql), held by PostgreSQL's own parser: the statements that the suite runs are
// parsed, once each.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModule, parseSync } from 'libpg-query';
import { placementOf } from '../../src/database/citus';

type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const childrenOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : isNode(value) ? Object.values(value) : [];
const inside = (value: unknown, key: string): Node | undefined => {
  const found = isNode(value) ? value[key] : undefined;
  return isNode(found) ? found : undefined;
};
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** One SELECT, UPDATE, DELETE or INSERT with its FROM and its conditions, without the queries inside it. */
interface Level {
  tables: { name: string; alias: string }[];
  conditions: unknown[];
}

/** What is wrong with a statement, in words; empty: nothing. `loadModule` must have been awaited. */
export function offencesOf(text: string): string[] {
  const tree: unknown = parseSync(text);
  const offences: string[] = [];
  visit(tree, new Set(), offences);
  const writes = countWrites(tree);
  if (writes > 1) offences.push(`it writes ${writes} tables; one statement may write one`);
  return offences;
}

const countWrites = (value: unknown): number => {
  const own = ['UpdateStmt', 'DeleteStmt', 'InsertStmt', 'MergeStmt'].filter((kind) =>
    inside(value, kind),
  ).length;
  return childrenOf(value).reduce<number>((sum, child) => sum + countWrites(child), own);
};

const KINDS = ['SelectStmt', 'UpdateStmt', 'DeleteStmt', 'InsertStmt', 'MergeStmt'] as const;

function visit(value: unknown, names: ReadonlySet<string>, offences: string[]): void {
  const cast = inside(value, 'TypeCast');
  if (cast) checkCast(cast, offences);
  const call = inside(value, 'FuncCall');
  if (call) checkCall(call, offences);
  let known = names;
  for (const kind of KINDS) {
    const statement = inside(value, kind);
    if (!statement) continue;
    const ctes = listOf(inside(statement, 'withClause')?.ctes).flatMap(
      (one) => inside(one, 'CommonTableExpr')?.ctename ?? [],
    );
    known = new Set([...names, ...ctes.map(String)]);
    checkLevel(levelOf(statement), known, offences);
  }
  for (const child of childrenOf(value)) visit(child, known, offences);
}

function levelOf(statement: Node): Level {
  const level: Level = { tables: [], conditions: conjuncts(statement.whereClause) };
  const add = (item: unknown): void => {
    const table = inside(item, 'RangeVar');
    if (table) addTable(level, table);
    const join = inside(item, 'JoinExpr');
    if (!join) return;
    level.conditions.push(...conjuncts(join.quals));
    add(join.larg);
    add(join.rarg);
  };
  for (const item of [...listOf(statement.fromClause), ...listOf(statement.usingClause)]) add(item);
  // An INSERT's own rows say their workspace themselves.
  if (isNode(statement.relation) && !('cols' in statement) && !('selectStmt' in statement))
    addTable(level, statement.relation);
  return level;
}

function addTable(level: Level, table: Node): void {
  const name = String(table.relname);
  const alias = isNode(table.alias) ? String(table.alias.aliasname) : name;
  level.tables.push({ name, alias });
}

/** The parts of a condition that all must hold. */
function conjuncts(condition: unknown): unknown[] {
  const and = inside(condition, 'BoolExpr');
  if (and?.boolop === 'AND_EXPR') return listOf(and.args).flatMap(conjuncts);
  return condition === undefined ? [] : [condition];
}

/** The column that says whose the rows of a table are; undefined: they belong to no workspace. */
function workspaceColumnOf(table: string): string | undefined {
  const placement = placementOf(table);
  return placement.kind === 'distributed' && !table.startsWith('pg_') ? placement.by : undefined;
}

function checkLevel(level: Level, names: ReadonlySet<string>, offences: string[]): void {
  for (const { name, alias } of level.tables) {
    const column = names.has(name) ? undefined : workspaceColumnOf(name);
    if (column === undefined) continue;
    const isAlone = level.tables.length === 1;
    if (!level.conditions.some((condition) => binds(condition, alias, column, isAlone)))
      offences.push(`${name} ${alias} is not bound to one workspace by ${alias}.${column} = $n`);
  }
}

/** Is this `alias.column = $n`? The alias may be left out where there is one table. */
function binds(condition: unknown, alias: string, column: string, isAlone: boolean): boolean {
  const comparison = inside(condition, 'A_Expr');
  if (comparison?.kind !== 'AEXPR_OP' || textOf(listOf(comparison.name)[0]) !== '=') return false;
  const sides = [comparison.lexpr, comparison.rexpr];
  const isColumn = (side: unknown): boolean => {
    const path = columnOf(side);
    return path.join('.') === `${alias}.${column}` || (isAlone && path.join('.') === column);
  };
  return sides.some(isColumn) && sides.some(isParameter);
}

const isParameter = (value: unknown): boolean =>
  isNode(value) && (inside(value, 'ParamRef') !== undefined || isParameter(inside(value, 'TypeCast')?.arg));

const columnOf = (value: unknown): string[] =>
  listOf(inside(value, 'ColumnRef')?.fields).flatMap((field) => textOf(field) ?? []);
const textOf = (value: unknown): string | undefined => {
  const text = inside(value, 'String')?.sval;
  return typeof text === 'string' ? text : undefined;
};

/** By name: columns of instants end with `_at` or are one of these. */
const isInstant = (value: unknown): boolean => {
  const name = columnOf(value).at(-1) ?? '';
  return name.endsWith('_at') || ['since', 'until', 'from', 'to'].includes(name);
};
const OF_A_ZONE = ['text', 'date', 'timestamp', 'time', 'timetz', 'varchar', 'bpchar'];

/** An instant as text, or as a local time, without a named zone: it would be the session's. */
function checkCast({ arg, typeName }: Node, offences: string[]): void {
  const type = listOf(isNode(typeName) ? typeName.names : [])
    .map(textOf)
    .at(-1);
  if (type !== undefined && OF_A_ZONE.includes(type) && picksInstant(arg))
    offences.push(`${columnOf(arg).join('.') || 'an instant'}::${type} depends on the session's zone`);
}

/** An instant that is given to a function that makes text of it. */
const TO_TEXT = [
  'concat',
  'concat_ws',
  'format',
  'to_json',
  'to_jsonb',
  'json_build_object',
  'jsonb_build_object',
];
/** Of instants again. */
const PICKS = ['min', 'max', 'coalesce', 'least', 'greatest'];
const picksInstant = (value: unknown): boolean => {
  const call = inside(value, 'FuncCall');
  const name = listOf(call?.funcname).map(textOf).at(-1) ?? '';
  return isInstant(value) || (PICKS.includes(name) && listOf(call?.args).some(picksInstant));
};

const OF_THE_SESSION = ['date_trunc', 'date_part', 'extract', 'to_char', 'date_bin'];
const WITHOUT_ZONE = ['epoch'];

function checkCall({ funcname, args }: Node, offences: string[]): void {
  const name = listOf(funcname).map(textOf).at(-1) ?? '';
  const given = listOf(args);
  if (TO_TEXT.includes(name) && given.some(picksInstant))
    offences.push(`${name}(…) writes an instant in the session's zone`);
  if (!OF_THE_SESSION.includes(name) || given.length > 2 || !given.some(isInstant)) return;
  const field = textOf({ String: inside(inside(given[0], 'A_Const'), 'sval') });
  if (field === undefined || !WITHOUT_ZONE.includes(field))
    offences.push(`${name}(…) depends on the session's zone`);
}

const seen = new Map<string, string>();

/** Keeps a statement for `checkStatements`. */
export const noteStatement = (name: string, text: string): void => {
  seen.set(text, name);
};

/** Throws if a statement that was noted breaks a rule. What another file of the run has shown to be right is skipped. */
export async function checkStatements(): Promise<void> {
  const folder = join(tmpdir(), `${process.env.CENTESIMO_TEST_TEMPLATE}-folder-statements`);
  mkdirSync(folder, { recursive: true });
  const mark = (text: string): string => join(folder, createHash('sha256').update(text).digest('hex'));
  const unknown = [...seen].filter(([text]) => !existsSync(mark(text)));
  if (unknown.length === 0) return;
  await loadModule();
  const found: string[] = [];
  for (const [text, name] of unknown) {
    const offences = name in EXCEPTED ? [] : offencesOf(text);
    if (offences.length === 0) writeFileSync(mark(text), '');
    found.push(...offences.map((offence) => `${name}: ${offence}`));
  }
  if (found.length > 0) throw new Error(`Statements break the rules for SQL:\n${found.join('\n')}`);
}

const SAVES =
  'Saves of several workspaces share a statement on one machine (decision 3); Citus has a form of its own.';
const SEARCH = 'It finds which workspaces have something due, and locks nothing.';
const NAMED =
  'It is of up to a hundred workspaces, each of them named; Citus asks the nodes that they lie on.';
const FILLING = 'It fills what an older version left, by position; tables are distributed after that.';
const ALL = 'An operator, or the process itself, asks about all workspaces.';

/** Statements that break a rule, with the reason. */
export const EXCEPTED: Readonly<Record<string, string>> = {
  ...{ look_up_turns: SAVES, saved_turns: SAVES, price_lists: SAVES },
  ...{ insert_turns: SAVES, insert_described_turns: SAVES, insert_costed_turns: SAVES },
  ...{
    webhooks_due: SEARCH,
    find_held_deliveries: SEARCH,
    find_old_events: SEARCH,
    find_old_firings: SEARCH,
  },
  ...{ find_due_schedule: SEARCH, find_unsealed: SEARCH, find_deferred: SEARCH },
  ...{ due_retentions: SEARCH, due_erasures: SEARCH, due_sweeps: SEARCH, find_unfilled: SEARCH },
  ...{ budgets_of_marked: NAMED, take_sweeps: NAMED, taken_sweeps: NAMED, charged_since_sweep: NAMED },
  ...{ count_all_unfilled: FILLING, fill_charges: FILLING, fill_keys: FILLING },
  ...{ zones_unlike: ALL, list_workspaces: ALL, token_workspaces: ALL, erasures_of_day: ALL },
  ...{ webhook_standing: ALL, find_close_days: ALL, find_keepings: ALL },
};
