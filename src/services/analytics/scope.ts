// Whose usage, of which period, in which zone, as of when: every question of a report starts with this.

import type { Sql } from '../../database/sql';
import { type Period, type PeriodChoice, resolvePeriod } from '../../values/period';
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

/** Throws FORBIDDEN when there is no such workspace, BAD_USER_INPUT for an unknown period or zone. */
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
  return {
    workspace,
    period: resolvePeriod(choice.period, choice.timeZone ?? workspace.timeZone, asOf),
    asOf,
  };
}

/**
 * Makes something once for each scope: parts of a report that use the same figures share one statement. The result
 * lives as long as its scope.
 */
export function perScope<T extends object>(
  make: (sql: Sql, scope: UsageScope) => T,
): (sql: Sql, scope: UsageScope) => T {
  const made = new WeakMap<UsageScope, T>();
  return (sql, scope) => {
    const known = made.get(scope) ?? make(sql, scope);
    made.set(scope, known);
    return known;
  };
}

/** The same for each scope and key, such as a timeline's interval. */
export function perScopeAnd<Key extends string, T>(
  make: (sql: Sql, scope: UsageScope, key: Key) => T,
): (sql: Sql, scope: UsageScope, key: Key) => T {
  const ofScope = perScope(() => new Map<Key, T>());
  return (sql, scope, key) => {
    const made = ofScope(sql, scope);
    const known = made.get(key) ?? make(sql, scope, key);
    made.set(key, known);
    return known;
  };
}
