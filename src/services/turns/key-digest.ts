// The digest that stands for an idempotency key, which is not stored: HMAC-SHA-256 (RFC 2104) with the workspace's own
// secret. SQL computes it, so that the secret never leaves the database.

/**
 * SQL for the digest of a text. `pads` is the workspace's key_pads: HMAC's inner pad of 64 bytes, then its outer one
 * (migrations/1700000000006-people.ts). Both arguments are SQL expressions.
 */
export const hmac = (pads: string, text: string): string =>
  `sha256(substr(${pads}, 65) || sha256(substr(${pads}, 1, 64) || convert_to(${text}, 'UTF8')))`;
