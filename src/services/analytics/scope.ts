// Whose usage, of which period, in which zone, as of when: every question of a report starts with this.

import type { Sql } from '../../database/sql';
import { type Period, type PeriodChoice, resolvePeriod } from '../../values/period';
import { assertZone } from '../../values/time';
import { getCallersWorkspace, type Workspace } from '../workspaces/workspaces';

export interface UsageScope {
  readonly workspace: Workspace;
  readonly period: Period;
  readonly asOf: Date;
}

export interface ScopeChoice {
  period?: PeriodChoice | null | undefined;
  /** IANA zone; default: the workspace's. */
  timeZone?: string | null | undefined;
}

/** Throws FORBIDDEN when there is no such workspace, BAD_USER_INPUT for a period or zone that is none. */
export async function findScope(
  sql: Sql,
  workspaceId: string,
  choice: ScopeChoice,
  asOf: Date,
): Promise<UsageScope> {
  return scopeOf(await getCallersWorkspace(sql, workspaceId, asOf), choice, asOf);
}

/** The same when the workspace is at hand. */
export function scopeOf(workspace: Workspace, choice: ScopeChoice, asOf: Date): UsageScope {
  const zone = choice.timeZone ? assertZone(choice.timeZone) : workspace.timeZone;
  return { workspace, period: resolvePeriod(choice.period, zone, asOf), asOf };
}

const answers = new WeakMap<UsageScope, Map<string, Promise<unknown>>>();

/** Asks once a scope: parts of one report that rest on the same figures share one statement. */
export function once<T>(scope: UsageScope, question: string, ask: () => Promise<T>): Promise<T> {
  const asked = answers.get(scope) ?? new Map<string, Promise<unknown>>();
  answers.set(scope, asked);
  const known = asked.get(question);
  // The key names the question, so its answer's type is the question's.
  if (known) return known as Promise<T>;
  const answer = ask();
  asked.set(question, answer);
  return answer;
}
