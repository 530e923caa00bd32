// Was it Centesimo that sent this? Standard Webhooks 1.0: https://www.standardwebhooks.com
import { createHmac, timingSafeEqual } from 'node:crypto';

const TOLERANCE_SECONDS = 300;

/** Whether one of the signatures is that of the raw body, and the call is of now. */
export function isSigned(
  secret: string,
  headers: Record<string, unknown>,
  body: Buffer,
  now = Date.now(),
): boolean {
  const header = (name: string): string => String(headers[name] ?? '');
  const at = header('webhook-timestamp');
  if (!/^\d+$/.test(at) || Math.abs(now / 1_000 - Number(at)) > TOLERANCE_SECONDS) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const mac = createHmac('sha256', key)
    .update(`${header('webhook-id')}.${at}.`)
    .update(body)
    .digest('base64');
  const expected = Buffer.from(`v1,${mac}`);
  return header('webhook-signature')
    .split(' ')
    .map((signature) => Buffer.from(signature))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}
