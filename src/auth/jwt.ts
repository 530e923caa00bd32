// People who come from a login of their own: JSON Web Tokens, checked against the login's published keys.
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { unauthenticated, unavailable } from '../errors';
import type { Clock } from '../time';
import { DEFAULT_SCOPES, isScope, type Principal, type Scope, WRITE_SCOPES } from './principal';

export interface JwtOptions {
  jwksUrl: string;
  issuer: string;
  audience: string;
  algorithms: readonly string[];
  /** The claim that holds the ids of the workspaces. */
  workspacesClaim: string;
  /** The claim that holds the scopes, as a list or separated by spaces. */
  scopesClaim: string;
}

const CLOCK_TOLERANCE_S = 5;
const KEYS_WITHIN_MS = 3_000;

/** Failures to get the keys, not of the token: the caller may be right and is told to try again. */
const UNREACHABLE = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID']);

/** A check of a person's token. Throws UNAUTHENTICATED; SERVICE_UNAVAILABLE when the login's keys can't be had. */
export function createJwtVerifier(options: JwtOptions, clock: Clock): (token: string) => Promise<Principal> {
  const keys = createRemoteJWKSet(new URL(options.jwksUrl), { timeoutDuration: KEYS_WITHIN_MS });
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: [...options.algorithms],
        issuer: options.issuer,
        audience: options.audience,
        requiredClaims: ['exp', 'iat', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: clock(),
      });
      return toPrincipal(payload, options);
    } catch (error) {
      if (isUnreachable(error))
        throw unavailable("The login's keys can't be had for now. Try again shortly.", error);
      throw unauthenticated('This token is not valid.');
    }
  };
}

const isUnreachable = (error: unknown): boolean =>
  error instanceof errors.JOSEError
    ? UNREACHABLE.has(error.code)
    : error instanceof TypeError && /fetch/i.test(error.message);

function toPrincipal(payload: JWTPayload, options: JwtOptions): Principal {
  const subject = payload.sub ?? '';
  if (subject === '') throw unauthenticated('This token is not valid.');
  const claimed = listOf(payload[options.scopesClaim]);
  const scopes: readonly Scope[] = claimed.length > 0 ? claimed.filter(isScope) : DEFAULT_SCOPES.USER;
  return {
    id: subject,
    name: typeof payload.name === 'string' ? payload.name : subject,
    kind: 'USER',
    // A login never grants writing: turns and customers come from service tokens alone.
    scopes: new Set(scopes.filter((scope) => !WRITE_SCOPES.has(scope))),
    workspaceIds: listOf(payload[options.workspacesClaim]),
    expiresAt: payload.exp === undefined ? null : new Date(payload.exp * 1_000),
  };
}

function listOf(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(/[\s,]+/).filter((part) => part !== '');
  return Array.isArray(claim) ? claim.filter((part): part is string => typeof part === 'string') : [];
}
