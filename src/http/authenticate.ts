// Who calls. Only the Authorization header decides, before a body is read. A socket says the same when it begins.
import { createJwtVerifier } from '../auth/jwt';
import type { Principal } from '../auth/principal';
import { looksOpaque } from '../auth/tokens';
import type { Config } from '../config';
import { AppError, unauthenticated } from '../errors';
import type { TokenService } from '../services/tokens/token-service';
import type { Clock } from '../values/time';
import type { RateLimits } from './rate-limits';

export interface Authenticators {
  /** One of our own tokens. */
  token: (token: string) => Promise<Principal>;
  /** A JSON Web Token of a person's login; undefined: there is no such login. */
  jwt: ((token: string) => Promise<Principal>) | undefined;
}

/** Our own tokens always; those of a login when one is configured. */
export function authenticatorsOf(config: Config, tokens: TokenService, clock: Clock): Authenticators {
  const { jwtJwksUrl: jwksUrl, jwtIssuer: issuer, jwtAudience: audience } = config;
  const token = (text: string): Promise<Principal> => tokens.verify(text);
  if (jwksUrl === undefined || issuer === undefined || audience === undefined)
    return { token, jwt: undefined };
  const { jwtAlgorithms: algorithms, jwtWorkspacesClaim, jwtScopesClaim } = config;
  const claims = { workspacesClaim: jwtWorkspacesClaim, scopesClaim: jwtScopesClaim };
  return { token, jwt: createJwtVerifier({ jwksUrl, issuer, audience, algorithms, ...claims }, clock) };
}

/** What is known of a caller: a request, or who opened a socket. */
export interface Caller {
  headers: { authorization?: string | undefined };
  ip: string;
}

const REFUSED = 'A valid token is needed: Authorization: Bearer ctm_... Is it complete, expired or revoked?';

/** Throws UNAUTHENTICATED with the same words for every reason, RATE_LIMITED after too many, SERVICE_UNAVAILABLE. */
export async function authenticate(
  { headers, ip }: Caller,
  authenticators: Authenticators,
  rateLimits: RateLimits,
): Promise<Principal> {
  try {
    return await principalOf(headers.authorization, authenticators);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'UNAUTHENTICATED') throw error;
    await rateLimits.failedLogin(ip);
    throw unauthenticated(REFUSED);
  }
}

/** Throws UNAUTHENTICATED, and counts nothing: for a caller who was let in before. */
export async function principalOf(
  header: string | undefined,
  { token, jwt }: Authenticators,
): Promise<Principal> {
  const bearer = /^Bearer ([^\s]+)$/i.exec(header ?? '')?.[1];
  if (bearer === undefined) throw unauthenticated(REFUSED);
  if (jwt && !looksOpaque(bearer)) return jwt(bearer);
  return token(bearer);
}
