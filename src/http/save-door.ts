// When more turns arrive than can be saved, saves are refused before any work: no body is read, no token is checked.
// Refusals must cost almost nothing, or they take the time of accepted saves.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { SERVICE_PREFIX } from '../auth/tokens';
import { printError } from '../errors';
import { saveBegins } from '../values/pace';
import { wantsErrorField, withErrorField } from './error-field';

export interface DoorLimits {
  /** How many requests with a service token may run at once. */
  underWayMax: number;
  /** How many milliseconds the event loop may be late while many requests run. */
  lagMaxMs: number;
}

export interface DoorOptions {
  limits: DoorLimits;
  /** True when the write queue has no room. */
  isFull: () => boolean;
  logger: Logger;
  /** Called for each refused save. */
  refused: () => void;
}

const CODE = 'SERVICE_UNAVAILABLE';
const MESSAGE = 'Too many turns are waiting to be saved. Retry with the same idempotencyKey.';
const BODY = JSON.stringify({
  errors: [{ message: printError(CODE, MESSAGE), extensions: { code: CODE, retryAfterSeconds: 1 } }],
});
const PLAIN = Buffer.from(BODY);
const WITH_ERROR_FIELD = Buffer.from(withErrorField(BODY));
const TICK_MS = 20;
const SAY_EVERY_MS = 1_000;

export class SaveDoor {
  private underWay = 0;
  private lagMs = 0;
  private due = 0;
  private unsaid = 0;
  private saidAt = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: DoorOptions) {
    this.due = performance.now() + TICK_MS;
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  /** False while saves are refused; what /health/ready reports. */
  get isOpen(): boolean {
    const { limits, isFull } = this.options;
    return this.underWay < limits.underWayMax && !isFull() && !this.isLate();
  }

  /** Answers with 503 and returns true, or lets the request in. */
  refuses(request: IncomingMessage, response: ServerResponse): boolean {
    if (!isSave(request)) return false;
    if (this.isOpen) {
      this.underWay += 1;
      const ends = saveBegins();
      response.once('close', () => {
        this.underWay -= 1;
        ends();
      });
      return false;
    }
    const body = wantsErrorField(request) ? WITH_ERROR_FIELD : PLAIN;
    response.writeHead(503, [
      ...['content-type', 'application/json; charset=utf-8', 'content-length', String(body.length)],
      ...['retry-after', '1', 'cache-control', 'no-store', 'x-request-id', randomUUID()],
    ]);
    response.end(body);
    this.unsaid += 1;
    this.options.refused();
    return true;
  }

  close(): void {
    clearInterval(this.timer);
    this.say();
  }

  /** A pause of the event loop with few requests is no overload. */
  private isLate(): boolean {
    const { lagMaxMs, underWayMax } = this.options.limits;
    return this.lagMs > lagMaxMs && this.underWay > underWayMax / 10;
  }

  private tick(): void {
    const now = performance.now();
    this.lagMs = Math.max(0, now - this.due);
    this.due = now + TICK_MS;
    if (this.unsaid > 0 && now - this.saidAt >= SAY_EVERY_MS) {
      this.saidAt = now;
      this.say();
    }
  }

  /** One log line for many refusals: a line for each would cost more than the refusal. */
  private say(): void {
    if (this.unsaid === 0) return;
    const { underWay, lagMs } = this;
    this.options.logger.warn(
      { refused: this.unsaid, underWay, lagMs: Math.round(lagMs) },
      'saves were refused: too many wait',
    );
    this.unsaid = 0;
  }
}

const BEARER = `bearer ${SERVICE_PREFIX}`;

/** Looks only at the token's first characters: service tokens are those that save. */
function isSave({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === 'POST' &&
    url !== undefined &&
    url.startsWith('/graphql') &&
    headers.authorization?.slice(0, BEARER.length).toLowerCase() === BEARER
  );
}
