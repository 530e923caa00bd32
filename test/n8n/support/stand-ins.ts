// What n8n calls besides Centesimo, on the loopback: Meta's Graph API, a language model, a mail server.
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const APP_SECRET = 'the-test-app-secret';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export interface SentMessage {
  to: string;
  text: string;
}

/** Takes the WhatsApp Trigger's subscription and what the WhatsApp node sends. */
export class FakeMeta {
  /** What customers were answered, oldest first. */
  readonly sent: SentMessage[] = [];

  private constructor(
    private readonly server: Server,
    private readonly folder: string,
    readonly port: number,
  ) {}

  static async start(): Promise<FakeMeta> {
    const folder = mkdtempSync(join(tmpdir(), 'centesimo-meta-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const host = 'graph.facebook.com';
    const args = [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2'],
      ...['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`],
    ];
    execFileSync('openssl', args, { stdio: 'ignore' });
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) });
    const meta = new FakeMeta(server, folder, await listen(server));
    server.on('request', (request, response) => void meta.answer(request, response));
    return meta;
  }

  get certificate(): string {
    return join(this.folder, 'cert.pem');
  }

  /** Delivers an event of these changes to a WhatsApp Trigger, signed as Meta signs. */
  async deliver(webhookUrl: string, changes: readonly object[]): Promise<void> {
    const body = JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ id: '102290129340398', changes: changes.map((value) => ({ field: 'messages', value })) }],
    });
    const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
    const response = await fetch(webhookUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
      body,
    });
    if (!response.ok) throw new Error(`the trigger answered ${response.status}: ${await response.text()}`);
  }

  async stop(): Promise<void> {
    await close(this.server);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const path = request.url ?? '';
    if (path.includes('/oauth/access_token'))
      return sendJson(response, { access_token: 'app|token', token_type: 'bearer' });
    if (path.endsWith('/messages')) {
      const { to, text }: { to: string; text?: { body: string } } = JSON.parse(body);
      this.sent.push({ to, text: text?.body ?? '' });
      return sendJson(response, { messaging_product: 'whatsapp', messages: [{ id: 'wamid.sent' }] });
    }
    sendJson(response, request.method === 'GET' ? { data: [] } : { success: true });
  }
}

export const whatsAppTriggerSecret = { clientId: '1234567890', clientSecret: APP_SECRET };

/** Answers as an OpenAI-compatible model does: "Risposta a: …", or fails where it is asked to. */
export class FakeModel {
  /** Prompts that hold this text get an error. */
  failsOn: string | undefined;
  /** What it was asked, oldest first. */
  readonly prompts: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<FakeModel> {
    const server = createServer();
    const model = new FakeModel(server, `http://127.0.0.1:${await listen(server)}/v1`);
    server.on('request', (request, response) => void model.answer(request, response));
    return model;
  }

  stop(): Promise<void> {
    return close(this.server);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked: { messages?: { content: string }[]; model?: string } = JSON.parse(
      (await bodyOf(request)) || '{}',
    );
    // The nodes of OpenAI and Anthropic: each maker counts in its own way.
    if (request.url === '/v1/responses') return sendJson(response, ofOpenAi(String(asked.model)));
    if (request.url === '/v1/messages') return sendJson(response, ofAnthropic(String(asked.model)));
    const { messages = [] } = asked;
    const prompt = String(messages.at(-1)?.content);
    this.prompts.push(prompt);
    if (this.failsOn !== undefined && prompt.includes(this.failsOn))
      return sendJson(response, { error: { message: 'model overloaded', type: 'server_error' } }, 400);
    sendJson(response, {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_736_168_405,
      model: 'fake',
      choices: [
        { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: `Risposta a: ${prompt}` } },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    });
  }
}

const ofOpenAi = (model: string): object => ({
  ...{ id: 'resp_1', object: 'response', created_at: 1_736_168_405, status: 'completed', model, error: null },
  output: [
    {
      ...{ id: 'msg_1', type: 'message', status: 'completed', role: 'assistant' },
      content: [{ type: 'output_text', text: 'Ciao!', annotations: [] }],
    },
  ],
  usage: {
    ...{ input_tokens: 1_200, input_tokens_details: { cached_tokens: 1_024 } },
    ...{ output_tokens: 80, output_tokens_details: { reasoning_tokens: 20 }, total_tokens: 1_280 },
  },
});

const ofAnthropic = (model: string): object => ({
  ...{ id: 'msg_2', type: 'message', role: 'assistant', model, stop_reason: 'end_turn' },
  content: [{ type: 'text', text: 'Ciao!' }],
  usage: {
    ...{ input_tokens: 76, cache_creation_input_tokens: 100, cache_read_input_tokens: 1_024 },
    output_tokens: 80,
  },
});

/** Takes every mail and keeps it. */
export class FakeMail {
  private constructor(
    private readonly server: Server,
    readonly port: number,
    /** Headers and text, oldest first. */
    readonly mails: readonly string[],
  ) {}

  static async start(): Promise<FakeMail> {
    const mails: string[] = [];
    const server = createTcpServer((socket) => {
      const say = (line: string): boolean => socket.write(`${line}\r\n`);
      let mail: string[] | undefined;
      socket.on('error', () => undefined);
      createInterface({ input: socket }).on('line', (line) => {
        if (mail && line !== '.') mail.push(line);
        else if (mail) {
          mails.push(mail.join('\n'));
          mail = undefined;
          say('250 kept');
        } else if (line === 'DATA') {
          mail = [];
          say('354 go on');
        } else if (line === 'QUIT') {
          say('221 bye');
          socket.end();
        } else say('250 fine');
      });
      say('220 mail.test');
    });
    return new FakeMail(server, await listen(server), mails);
  }

  stop(): Promise<void> {
    return close(this.server);
  }
}
