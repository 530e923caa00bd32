// People who come from a login of their own: JSON Web Tokens, checked against the login's published keys.
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { unauthenticated, unavailable } from '../errors';
import type { Clock } from '../values/time';
import { DEFAULT_SCOPES, isScope, type Principal, type Scope, SERVICE_SCOPES } from './principal';

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
/**
 * The last second of the year 9999. A later end was given in milliseconds by mistake, or can't be written as a date.
 */
const LAST_END_S = 253_402_300_799;
/** Below the 3 s in which a caller hears that something is down. */
const KEYS_WITHIN_MS = 2_500;

/**
 * What can be wrong with the token itself. All other errors are about the keys (not reached, no key set, an unusable
 * key): a token is not called invalid because the login is down.
 */
const OF_THE_TOKEN: ReadonlySet<string> = new Set([
  errors.JWTClaimValidationFailed.code,
  errors.JWTExpired.code,
  errors.JWTInvalid.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWKSMultipleMatchingKeys.code,
]);

/** Checks a person's token. Throws UNAUTHENTICATED, or SERVICE_UNAVAILABLE when the login's keys can't be fetched. */
export function createJwtVerifier(options: JwtOptions, clock: Clock): (token: string) => Promise<Principal> {
  const keys = createRemoteJWKSet(new URL(options.jwksUrl), { timeoutDuration: KEYS_WITHIN_MS });
  return async (token) => {
    const now = clock();
    const { payload } = await jwtVerify(token, keys, {
      algorithms: [...options.algorithms],
      issuer: options.issuer,
      audience: options.audience,
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: now,
    }).catch((error: unknown) => {
      if (isOfTheToken(error)) throw notValid();
      throw unavailable("The login's keys can't be fetched at the moment. Try again shortly.", error);
    });
    return toPrincipal(payload, options, now);
  };
}

const notValid = () => unauthenticated('This token is not valid.');

const isOfTheToken = (error: unknown): boolean =>
  error instanceof errors.JOSEError && OF_THE_TOKEN.has(error.code);

function toPrincipal(payload: JWTPayload, options: JwtOptions, now: Date): Principal {
  const { sub, exp, iat, name } = payload;
  if (typeof sub !== 'string' || sub.trim() === '') throw notValid();
  if (exp === undefined || exp > LAST_END_S) throw notValid();
  if (iat === undefined || iat > now.getTime() / 1_000 + CLOCK_TOLERANCE_S) throw notValid();
  return {
    id: sub,
    name: typeof name === 'string' && name !== '' ? name : sub,
    kind: 'USER',
    scopes: scopesOf(payload[options.scopesClaim]),
    workspaceIds: listOf(payload[options.workspacesClaim]),
    expiresAt: new Date(exp * 1_000),
  };
}

/**
 * The scopes that every person has, and those that the login adds. A login never grants writing: only service tokens
 * save turns and customers. Scopes of other systems (openid, profile) are ignored.
 */
function scopesOf(claim: unknown): Set<Scope> {
  const claimed = listOf(claim).filter(isScope);
  return new Set([...DEFAULT_SCOPES.USER, ...claimed.filter((scope) => !SERVICE_SCOPES.has(scope))]);
}

function listOf(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(/[\s,]+/).filter((part) => part !== '');
  return Array.isArray(claim) ? claim.filter((part): part is string => typeof part === 'string') : [];
}
