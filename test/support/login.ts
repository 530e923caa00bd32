// A login for tests: it issues JSON Web Tokens, publishes the keys that servers fetch, and can be broken on purpose.
import { createServer } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose';
import type { Config } from '../../src/config';

export const ISSUER = 'https://login.example.com/';
export const AUDIENCE = 'centesimo';

export interface Login {
  /** The settings that let a server trust it. */
  config: Pick<Config, 'jwtJwksUrl' | 'jwtIssuer' | 'jwtAudience' | 'jwtAlgorithms'>;
  /** The public key, as a forger can read it. */
  publicJwk: Record<string, unknown>;
  /** Signs with the current key. Claims given as undefined are left out. */
  sign(claims: JWTPayload, header?: Record<string, unknown>): Promise<string>;
  /** Signs with the current key in a way that nobody agreed on. */
  signWith(alg: string, claims: JWTPayload): Promise<string>;
  /** Replaces the key; `keepOld` publishes both. */
  rotate(keepOld: boolean): Promise<void>;
  /** What the key set's address answers with; undefined: the keys. */
  fault: { status: number; body: string } | 'silent' | undefined;
  /** How often the keys were asked for. */
  asked(): number;
  close(): Promise<void>;
}

interface Key {
  kid: string;
  privateKey: CryptoKey;
  jwk: Record<string, unknown>;
}

async function makeKey(kid: string): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  // Without its alg, as many logins publish it: what is accepted is for the server's settings to say.
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' } };
}

function usualClaims(now: Date): JWTPayload {
  const at = Math.floor(now.getTime() / 1_000);
  return { iss: ISSUER, aud: AUDIENCE, sub: 'anna', iat: at, exp: at + 3_600 };
}

/** `now`: the clock of the servers that trust it. */
export async function aLogin(now: () => Date): Promise<Login> {
  let key = await makeKey('key-1');
  let published = [key];
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    if (login.fault === 'silent') return;
    const { status, body } = login.fault ?? {
      status: 200,
      body: JSON.stringify({ keys: published.map(({ jwk }) => jwk) }),
    };
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const login: Login = {
    config: {
      jwtJwksUrl: `http://127.0.0.1:${port}/jwks`,
      jwtIssuer: ISSUER,
      jwtAudience: AUDIENCE,
      jwtAlgorithms: ['RS256'],
    },
    publicJwk: key.jwk,
    sign: (claims, header = {}) =>
      new SignJWT({ ...usualClaims(now()), ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header })
        .sign(key.privateKey),
    signWith: async (alg, claims) =>
      new SignJWT({ ...usualClaims(now()), ...claims })
        .setProtectedHeader({ alg, kid: key.kid })
        .sign(await importJWK({ ...(await exportJWK(key.privateKey)), alg }, alg)),
    rotate: async (keepOld) => {
      key = await makeKey(`key-${published.length + 1}`);
      published = keepOld ? [...published, key] : [key];
    },
    fault: undefined,
    asked: () => asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return login;
}
