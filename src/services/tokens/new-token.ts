// What a new token may be: its kind, scopes, workspaces and life.
import {
  DEFAULT_SCOPES,
  isScope,
  NAMED_SCOPES,
  SCOPES,
  type Scope,
  SERVICE_SCOPES,
  TOKEN_KINDS,
} from '../../auth/principal';
import type { StoredKind } from '../../auth/tokens';
import { badInput } from '../../errors';
import { checkName } from '../workspaces/workspaces';

export interface NewToken {
  /** service, client or analyst, in capitals or not. */
  kind: string;
  name: string;
  workspaceIds: readonly string[];
  /** Default: the usual scopes of the kind. */
  scopes?: readonly string[] | undefined;
  /** Default: 365 for a service token, 90 for others; at most 730. */
  expiresInDays?: number | undefined;
}

export interface CheckedToken {
  kind: StoredKind;
  name: string;
  workspaceIds: string[];
  scopes: Scope[];
  days: number;
}

const LONGEST_DAYS = 730;
const DEFAULT_DAYS: Readonly<Record<StoredKind, number>> = { SERVICE: 365, CLIENT: 90, ANALYST: 90 };

/** Throws BAD_USER_INPUT that says what is expected. Which workspaces there are is not looked at here. */
export function checkNew(input: NewToken): CheckedToken {
  const kind = TOKEN_KINDS.find((known) => known === input.kind.toUpperCase());
  if (!kind || kind === 'USER') {
    throw badInput(
      `${JSON.stringify(input.kind)} is not a kind of token: service, client or analyst is expected.`,
    );
  }
  const workspaceIds = [...new Set(input.workspaceIds)];
  if (workspaceIds.length === 0) throw badInput('A token is for at least one workspace.');
  const days = input.expiresInDays ?? DEFAULT_DAYS[kind];
  if (!Number.isInteger(days) || days < 1 || days > LONGEST_DAYS) {
    throw badInput(`A token lives 1 to ${LONGEST_DAYS} days; got ${days}.`);
  }
  return { kind, name: checkName(input.name), workspaceIds, scopes: checkScopes(kind, input.scopes), days };
}

function checkScopes(kind: StoredKind, given: readonly string[] | undefined): Scope[] {
  const scopes = [...new Set(given && given.length > 0 ? given : DEFAULT_SCOPES[kind])];
  const checked = scopes.filter(isScope);
  const unknown = scopes.find((scope) => !isScope(scope));
  if (unknown !== undefined)
    throw badInput(`${JSON.stringify(unknown)} is not a scope: ${SCOPES.join(', ')}.`);
  const services = checked.find((scope) => SERVICE_SCOPES.has(scope));
  if (kind !== 'SERVICE' && services) throw badInput(`Only a service token may have the scope ${services}.`);
  const named = checked.find((scope) => NAMED_SCOPES.has(scope));
  if (kind === 'ANALYST' && named)
    throw badInput(`Only a service or client token may have the scope ${named}.`);
  return checked;
}
