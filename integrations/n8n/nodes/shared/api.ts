// Requests to Centesimo: temporary failures are retried, permanent ones are reported.
import type { IDataObject, IExecuteFunctions, IHookFunctions, JsonObject } from 'n8n-workflow';
import { NodeApiError, sleep } from 'n8n-workflow';

/** What Centesimo says about a refused request, or a refused item of it. */
export interface Refusal {
  /** Such as BAD_USER_INPUT; undefined without an answer from Centesimo. */
  code: string | undefined;
  /** For people; it begins with the code. */
  message: string;
  /** Whether the same request may succeed later. */
  passing: boolean;
  retryAfterSeconds: number | undefined;
}

export type Answer<Data> = { data: Data; refusal?: undefined } | { data?: undefined; refusal: Refusal };

interface Body<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string; retryAfterSeconds?: number } }[];
}

interface FullResponse {
  statusCode: number;
  headers: IDataObject;
  body: unknown;
}

const PASSING_CODES = ['SERVICE_UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL_SERVER_ERROR'];
const REQUEST_TIMEOUT_MS = 30_000;
const LONGEST_WAIT_SECONDS = 10;

/** One run of a node: it knows since when Centesimo has not answered. */
export class CentesimoApi {
  private outageSince: number | undefined;

  /**
   * @param keepTryingSeconds how long temporary failures are retried, counted from the first failure of an outage.
   * After that, each further item is tried once, so that an execution with many items ends.
   */
  constructor(
    private readonly node: IExecuteFunctions | IHookFunctions,
    private readonly keepTryingSeconds: number,
  ) {}

  /**
   * Sends an operation until it is answered, refused permanently, or out of time. Never throws for an answer of the
   * server.
   */
  async send<Data>(query: string, variables: IDataObject): Promise<Answer<Data>> {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.sendOnce<Data>(query, variables);
      if (!answer.refusal?.passing) {
        this.outageSince = undefined;
        return answer;
      }
      this.outageSince ??= Date.now();
      const waitSeconds = Math.min(answer.refusal.retryAfterSeconds ?? tries, LONGEST_WAIT_SECONDS);
      const over = Date.now() + waitSeconds * 1_000 > this.outageSince + this.keepTryingSeconds * 1_000;
      if (over) return answer;
      await sleep(waitSeconds * 1_000);
    }
  }

  private async sendOnce<Data>(query: string, variables: IDataObject): Promise<Answer<Data>> {
    const { url } = await this.node.getCredentials<{ url: string }>('centesimoApi');
    let response: FullResponse;
    try {
      response = await this.node.helpers.httpRequestWithAuthentication.call(this.node, 'centesimoApi', {
        method: 'POST',
        url: `${url.trim().replace(/\/+(graphql)?\/*$/, '')}/graphql`,
        body: { query, variables },
        json: true,
        timeout: REQUEST_TIMEOUT_MS,
        returnFullResponse: true,
        ignoreHttpStatusErrors: true,
      });
    } catch (error) {
      // Refused, broken or late: the server may have saved the turn or not, and the idempotency key makes a retry safe.
      const message = `Centesimo did not answer: ${error instanceof Error ? error.message : String(error)}`;
      return { refusal: { code: undefined, message, passing: true, retryAfterSeconds: undefined } };
    }
    return readAnswer(response);
  }
}

function readAnswer<Data>({ statusCode, headers, body }: FullResponse): Answer<Data> {
  const { data, errors } = isBody<Data>(body) ? body : {};
  const [error] = errors ?? [];
  if (data && !error) return { data };
  const code = error?.extensions?.code;
  const afterHeader = Number(headers['retry-after']);
  return {
    refusal: {
      code,
      message:
        error?.message ??
        `What answered is not Centesimo (HTTP status ${statusCode}). Look at the server address.`,
      passing: code === undefined ? statusCode >= 500 || statusCode === 429 : PASSING_CODES.includes(code),
      retryAfterSeconds:
        error?.extensions?.retryAfterSeconds ?? (Number.isFinite(afterHeader) ? afterHeader : undefined),
    },
  };
}

const isBody = <Data>(body: unknown): body is Body<Data> =>
  typeof body === 'object' && body !== null && ('data' in body || 'errors' in body);

/** The error that stops an execution. */
export const toNodeError = (
  node: IExecuteFunctions | IHookFunctions,
  { code, message }: Refusal,
  itemIndex: number,
  description?: string,
): NodeApiError => {
  const response: JsonObject = { message, code: code ?? 'NO_ANSWER' };
  return new NodeApiError(node.getNode(), response, {
    message,
    itemIndex,
    ...(description ? { description } : {}),
  });
};
