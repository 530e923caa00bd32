// The form of an opaque token: ctm_svc_ + 30 random characters + 6 of a checksum over all before.
// Garbage is refused by the checksum alone, without a look into the database.
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { TokenKind } from './principal';

/** Kinds that are stored; a person's token comes from a login of its own. */
export type StoredKind = Exclude<TokenKind, 'USER'>;

const PREFIXES: Readonly<Record<StoredKind, string>> = {
  SERVICE: 'ctm_svc_',
  CLIENT: 'ctm_cli_',
  ANALYST: 'ctm_ana_',
};
/** The first characters of a service token: they can be checked before the token is. */
export const SERVICE_PREFIX = PREFIXES.SERVICE;

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
const FORM = /^ctm_(svc|cli|ana)_[0-9A-Za-z]{36}$/;

/** A new token of 178 random bits. It is shown once; only its hash is stored. */
export function makeToken(kind: StoredKind): string {
  const body = PREFIXES[kind] + randomBase62(RANDOM_LENGTH);
  return body + checksumOf(body);
}

/** True when the form and the checksum are right; says nothing about whether the token exists. */
export function isWellFormed(token: string): boolean {
  if (!FORM.test(token)) return false;
  return checksumOf(token.slice(0, -CHECKSUM_LENGTH)) === token.slice(-CHECKSUM_LENGTH);
}

/** True for anything that claims to be one of ours, well-formed or not. */
export const looksOpaque = (token: string): boolean => token.startsWith('ctm_');

/** SHA-256: enough for 178 random bits, and all that is stored of a token. */
export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** What people know a token by: its kind and its last four characters. */
export const hintOf = (token: string): string => `${token.slice(0, 8)}…${token.slice(-4)}`;

/** Rejection sampling: bytes of 248 and more would favour the first letters of the alphabet. */
function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62];
    }
  }
  return text;
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let index = 0; index < CHECKSUM_LENGTH; index += 1) {
    digits = ALPHABET[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
