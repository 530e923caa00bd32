// The form of an opaque token: ctm_svc_, 30 random characters and 6 characters of a checksum over all of them. Random
// text is refused by its checksum alone, without asking the database.
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { TokenKind } from './principal';

/** Stored kinds. A person's token comes from a separate login. */
export type StoredKind = Exclude<TokenKind, 'USER'>;

const PREFIXES: Readonly<Record<StoredKind, string>> = {
  SERVICE: 'ctm_svc_',
  CLIENT: 'ctm_cli_',
  ANALYST: 'ctm_ana_',
};
/** The first characters of a service token, which can be checked before the token is. */
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

/** True when the form and the checksum are right. It says nothing about whether the token exists. */
export function isWellFormed(token: string): boolean {
  if (!FORM.test(token)) return false;
  return checksumOf(token.slice(0, -CHECKSUM_LENGTH)) === token.slice(-CHECKSUM_LENGTH);
}

/** True for any text that looks like one of our tokens, well-formed or not. */
export const looksOpaque = (token: string): boolean => token.startsWith('ctm_');

/** SHA-256, the only stored form of a token. It is enough for 178 random bits. */
export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** How people recognise a token: its kind and its last four characters. */
export const hintOf = (token: string): string => `${token.slice(0, 8)}…${token.slice(-4)}`;

/** Rejection sampling: bytes of 248 and more would make the first letters of the alphabet more frequent. */
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
