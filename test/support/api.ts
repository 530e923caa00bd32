// GraphQL over HTTP with a token, as callers use it.
export interface ApiError {
  message: string;
  path?: (string | number)[];
  extensions: { code: string; errorId?: string; field?: string };
}

export interface Answer<Data> {
  status: number;
  headers: Headers;
  body: { data?: Data | null; errors?: ApiError[] };
}

export type Variables = Record<string, unknown>;

export class Api {
  constructor(
    private readonly url: string,
    private readonly token: string | undefined,
  ) {}

  as(token: string | undefined): Api {
    return new Api(this.url, token);
  }

  /** Sends one operation and returns the answer, whatever it is. */
  async send<Data>(query: string, variables: Variables = {}): Promise<Answer<Data>> {
    return this.post<Data>(JSON.stringify({ query, variables, operationName: null }));
  }

  /** Sends a body as it is. */
  async post<Data>(body: string, headers: Record<string, string> = {}): Promise<Answer<Data>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...headers,
      },
      body,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text) };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...headers,
      },
    });
  }

  /** The data of an operation that must succeed. */
  async data<Data>(query: string, variables: Variables = {}): Promise<Data> {
    const answer = await this.send<Data>(query, variables);
    if (answer.body.errors !== undefined || !answer.body.data)
      throw new Error(`expected data\n${report(query, variables, answer)}`);
    return answer.body.data;
  }

  /** The errors of an operation that must be refused. */
  async errors(query: string, variables: Variables = {}): Promise<ApiError[]> {
    const answer = await this.send(query, variables);
    if (!answer.body.errors?.length) throw new Error(`expected errors\n${report(query, variables, answer)}`);
    return answer.body.errors;
  }

  /** The code of the first error. */
  async code(query: string, variables: Variables = {}): Promise<string | undefined> {
    return (await this.errors(query, variables))[0]?.extensions.code;
  }
}

function parse<Data>(text: string): Answer<Data>['body'] {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the answer is not JSON: ${text.slice(0, 500)}`);
  }
}

const report = (query: string, variables: Variables, answer: Answer<unknown>): string =>
  [
    `query: ${query}`,
    `variables: ${JSON.stringify(variables)}`,
    `status: ${answer.status}, request ${answer.headers.get('x-request-id')}`,
    `body: ${JSON.stringify(answer.body, null, 2)}`,
  ].join('\n');
