// One call of a webhook: signed, and ended after 15 s whatever the receiver does.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Webhook } from 'standardwebhooks';
import { codeOf } from '../../values/error-code';
import { cleanText } from '../../values/text';
import type { WebhookAddresses } from './webhook-url';

export const CALL_TIMEOUT_MS = 15_000;
/** What is kept of an answer that was no success. */
export const ANSWER_BYTES = 1_024;
const LONGEST_WAIT_S = 86_400;

export interface Call {
  url: string;
  /** whsec_…; the second one, if any, is the one before the last rotation. */
  secrets: readonly string[];
  /** The event's id: the same at every try. */
  id: string;
  body: string;
  at: Date;
}

export interface CallResult {
  delivered: boolean;
  /** The HTTP status; null: there was no answer. */
  status: number | null;
  /** In our own words; null when it was delivered. */
  error: string | null;
  /** The beginning of an answer that was no success. */
  answer: string | null;
  /** Seconds after which the receiver wants the next call. */
  retryAfterSeconds: number | null;
}

/** The headers of Standard Webhooks 1.0: https://www.standardwebhooks.com */
export const signedHeaders = ({ secrets, id, body, at }: Omit<Call, 'url'>): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
  'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
});

export class WebhookCaller {
  constructor(
    private readonly addresses: WebhookAddresses,
    private readonly timeoutMs = CALL_TIMEOUT_MS,
  ) {}

  /** Never throws. Redirects are not followed. Answers with undefined when `signal` broke the call off. */
  call(call: Call, signal: AbortSignal): Promise<CallResult | undefined> {
    return new Promise((resolve) => {
      const url = new URL(call.url);
      const refuse = (error: string): void => resolve(noAnswer(error));
      if (url.protocol !== 'https:' && !this.addresses.isAllowed(url))
        return refuse('The host is no longer in WEBHOOK_ALLOW_HOSTS, and the URL is not https.');
      const agent = this.addresses.agentFor(url);
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(url, {
        agent,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(call.body),
          'user-agent': 'Centesimo-Webhooks/1',
          ...signedHeaders(call),
        },
      });
      const end = (result: CallResult | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', breakOff);
        resolve(result);
        request.destroy();
        agent.destroy();
      };
      const timer = setTimeout(
        () => end(noAnswer(`No answer within ${this.timeoutMs / 1_000} s.`)),
        this.timeoutMs,
      );
      const breakOff = (): void => end(undefined);
      signal.addEventListener('abort', breakOff);
      request.on('error', (error) => end(noAnswer(wordsFor(error))));
      request.on('response', (response) => {
        const status = response.statusCode ?? 0;
        // The status says it: the rest of the answer is not read.
        if (status >= 200 && status < 300)
          return end({ delivered: true, status, error: null, answer: null, retryAfterSeconds: null });
        const refused = (answer: string): void =>
          end({
            ...{ delivered: false, status, error: statusWords(status), answer },
            retryAfterSeconds: retryAfter(response, call.at),
          });
        // Instead of the time for the whole call: what was answered is known.
        clearTimeout(timer);
        readStart(response, refused);
      });
      request.end(call.body);
    });
  }
}

/** How long the beginning of an answer is waited for, once its status is there. */
const REST_MS = 1_000;

const noAnswer = (error: string): CallResult => ({
  ...{ delivered: false, status: null, error, answer: null, retryAfterSeconds: null },
});

function readStart(response: IncomingMessage, done: (text: string) => void): void {
  const parts: Buffer[] = [];
  let length = 0;
  const give = (): void => {
    clearTimeout(timer);
    done(cleanText(Buffer.concat(parts).subarray(0, ANSWER_BYTES).toString('utf8')));
  };
  const timer = setTimeout(give, REST_MS);
  response.on('data', (part: Buffer) => {
    parts.push(part);
    length += part.length;
    if (length >= ANSWER_BYTES) give();
  });
  response.on('end', give);
  response.on('error', give);
}

const statusWords = (status: number): string =>
  status >= 300 && status < 400
    ? `The receiver answered with ${status}, a redirect. Redirects are not followed: give the final URL.`
    : `The receiver answered with ${status}.`;

/** Seconds or a date, at most a day. */
function retryAfter({ headers }: IncomingMessage, now: Date): number | null {
  const text = headers['retry-after']?.trim() ?? '';
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - now.getTime()) / 1_000;
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(Math.ceil(seconds), LONGEST_WAIT_S) : null;
}

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'The host of the URL has no address.',
  EAI_AGAIN: 'The host of the URL could not be looked up for now.',
  ECONNREFUSED: 'The host refused the connection.',
  ECONNRESET: 'The connection was closed before an answer.',
  EPIPE: 'The connection was closed before an answer.',
  ETIMEDOUT: 'The host did not take the connection.',
  EHOSTUNREACH: 'The host can not be reached.',
  ENETUNREACH: 'The host can not be reached.',
  CERT_HAS_EXPIRED: "The host's certificate has expired.",
  DEPTH_ZERO_SELF_SIGNED_CERT: "The host's certificate is its own: no authority signed it.",
  SELF_SIGNED_CERT_IN_CHAIN: "The host's certificate is of an authority that is not known here.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "The host's certificate is of an authority that is not known here.",
  ERR_TLS_CERT_ALTNAME_INVALID: "The host's certificate is for another name.",
  HPE_HEADER_OVERFLOW: "The answer's headers are too long.",
};

/** Never the receiver's words, and never an address that was looked up: who makes webhooks may not map the network. */
function wordsFor(error: Error): string {
  if (/is not allowed\. Because/.test(error.message))
    return 'The host is in the own network, and not in WEBHOOK_ALLOW_HOSTS.';
  const code = codeOf(error) ?? '';
  return (
    WORDS[code] ??
    (code.startsWith('HPE_') ? 'The answer is not HTTP.' : `The call failed (${code || 'no reason given'}).`)
  );
}
