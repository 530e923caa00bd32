// One call of a webhook: its signature, and receivers that misbehave.
import { type AddressInfo, createServer, type LookupFunction, type Server } from 'node:net';
import { signedHeaders, WebhookCaller } from '../src/services/signals/webhook-call';
import { WebhookAddresses } from '../src/services/signals/webhook-url';
import { answering, type Behaviour, Receiver } from './support/receiver';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const CALL = {
  ...{ secrets: [SECRET], id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' },
  at: new Date(1_614_265_330_000),
};
const FOREVER = new AbortController().signal;

let receiver: Receiver;
beforeAll(async () => {
  receiver = await Receiver.start();
});
afterAll(() => receiver.stop());
beforeEach(() => {
  receiver.take();
});

const callerOf = (timeoutMs?: number, hosts = [receiver.host]) =>
  new WebhookCaller(new WebhookAddresses(hosts), timeoutMs);
const call = (behave: Behaviour, timeoutMs?: number) => {
  receiver.behave = behave;
  return callerOf(timeoutMs).call({ ...CALL, url: receiver.url }, FOREVER);
};

it("signs as the specification's own test vector says", () => {
  expect(signedHeaders(CALL)).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

it('sends the body as it is, with its type and length', async () => {
  const body = '{"type":"USAGE_VOIDED","data":{"è":"€"}}';
  receiver.behave = answering(200);
  expect(await callerOf().call({ ...CALL, body, url: receiver.url }, FOREVER)).toMatchObject({
    delivered: true,
    status: 200,
  });
  const [received] = receiver.take();
  expect(received?.body).toBe(body);
  expect(received?.headers).toMatchObject({
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'webhook-id': CALL.id,
  });
});

describe('a receiver that', () => {
  it.each([
    ['answers with 500', answering(500, {}, 'we are ill'), 500, 'answered with 500.', 'we are ill'],
    ['redirects', answering(302, { location: 'http://127.0.0.1:1/' }), 302, 'a redirect', ''],
    ['answers with 404', answering(404), 404, 'answered with 404.', ''],
    ['sends NUL', answering(400, {}, 'a\u0000b'), 400, 'answered with 400.', 'ab'],
  ])('%s gets nothing delivered', async (_, behave, status, words, answer) => {
    expect(await call(behave)).toEqual({
      ...{ delivered: false, status, answer, retryAfterSeconds: null },
      error: expect.stringContaining(words),
    });
    expect(receiver.take()).toHaveLength(1);
  });

  it.each([
    ['120', 120],
    ['Thu, 25 Feb 2021 15:03:10 GMT', 60],
    ['Thu, 25 Feb 2021 15:00:10 GMT', null],
    ['999999999', 86_400],
    ['soon', null],
    ['-5', null],
  ])('asks for another time by Retry-After: %s', async (text, seconds) => {
    const result = await call(answering(503, { 'retry-after': text }));
    expect(result?.retryAfterSeconds).toBe(seconds);
  });

  it('never answers is left when the time is over', async () => {
    expect(await call(() => undefined, 100)).toEqual({
      ...{ delivered: false, status: null, answer: null, retryAfterSeconds: null },
      error: 'No answer within 0.1 s.',
    });
  });

  it('drips its headers for ever is left too', async () => {
    const timers: NodeJS.Timeout[] = [];
    const result = await call((response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\n');
      timers.push(setInterval(() => response.socket?.write('x: y\r\n'), 10));
    }, 200);
    for (const timer of timers) clearInterval(timer);
    expect(result).toMatchObject({ delivered: false, status: null });
  });

  it('says yes and then sends 10 MB is believed, and not read', async () => {
    const length = 10_000_000;
    let sent = 0;
    const result = await call((response) => {
      response.writeHead(200, { 'content-length': length });
      response.on('close', () => {
        sent = response.socket?.bytesWritten ?? 0;
      });
      response.end(Buffer.alloc(length, 'x'));
    });
    expect(result).toMatchObject({ delivered: true, answer: null });
    expect(sent).toBeLessThan(length);
  });

  it('says no with 10 MB has 1 KB of it kept', async () => {
    const result = await call((response) => {
      response.writeHead(500).end(Buffer.alloc(10_000_000, 'x'));
    });
    expect(result?.answer).toBe('x'.repeat(1_024));
  });

  it('says no and keeps its answer open is left after a second', async () => {
    const result = await call((response) => {
      response.writeHead(500);
      response.write('first');
    });
    expect(result).toMatchObject({ delivered: false, status: 500, answer: 'first' });
  });

  it('says no and drips its answer for ever is left after a second', async () => {
    const timers: NodeJS.Timeout[] = [];
    const result = await call((response) => {
      response.writeHead(500);
      timers.push(setInterval(() => response.write('x'), 10));
    });
    for (const timer of timers) clearInterval(timer);
    expect(result).toMatchObject({ delivered: false, status: 500, answer: expect.stringMatching(/^x+$/) });
  });

  it('closes the connection, or speaks no HTTP, is told in our words', async () => {
    expect((await call((response) => response.socket?.destroy()))?.error).toBe(
      'The connection was closed before an answer.',
    );
    expect((await call((response) => response.socket?.end('220 mail.example.com ESMTP\r\n')))?.error).toBe(
      'The answer is not HTTP.',
    );
  });

  it('never reads is left when the time is over', async () => {
    const deaf: Server = createServer((socket) => socket.pause().on('error', () => undefined));
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(deaf.address() as AddressInfo).port}`;
    const result = await callerOf(200, [host]).call(
      { ...CALL, url: `http://${host}/`, body: JSON.stringify('x'.repeat(5_000_000)) },
      FOREVER,
    );
    deaf.close();
    expect(result).toMatchObject({ delivered: false, error: 'No answer within 0.2 s.' });
  });
});

it('a call that is broken off has no result, and its connection ends', async () => {
  const closing = new AbortController();
  receiver.behave = () => closing.abort();
  expect(await callerOf().call({ ...CALL, url: receiver.url }, closing.signal)).toBeUndefined();
});

describe('the own network', () => {
  const IN_IT = 'The host is in the own network, and not in WEBHOOK_ALLOW_HOSTS.';
  const port = () => receiver.host.split(':')[1];

  it.each([
    ['a name that DNS leads into it', () => `https://localhost:${port()}/`],
    ['the loopback', () => 'https://127.0.0.1:9/'],
    ['another loopback', () => `https://127.9.9.9:${port()}/`],
    ['a decimal literal', () => `https://2130706433:${port()}/`],
    ['an octal literal', () => `https://0177.0.0.1:${port()}/`],
    ['a hexadecimal literal', () => `https://0x7f000001:${port()}/`],
    ['a short literal', () => `https://127.1:${port()}/`],
    ['a mapped literal', () => `https://[::ffff:127.0.0.1]:${port()}/`],
    ['a literal by NAT64', () => `https://[64:ff9b::7f00:1]:${port()}/`],
    ['IPv6', () => `https://[::1]:${port()}/`],
    ['no address', () => `https://0.0.0.0:${port()}/`],
    ['private addresses', () => 'https://10.0.0.1/'],
    ['link-local addresses', () => 'https://[fe80::1]/'],
    ["a cloud's metadata", () => 'https://169.254.169.254/latest/meta-data/'],
  ])('is not called by %s', async (_, url) => {
    // What is allowed is the host as it is written in the list, not what it means.
    const result = await callerOf(5_000, [`n8n:${port()}`]).call({ ...CALL, url: url() }, FOREVER);
    expect(result?.error).toBe(IN_IT);
    expect(receiver.take()).toEqual([]);
  });

  it('is not called by http either when the host has left the list', async () => {
    const result = await callerOf(5_000, []).call({ ...CALL, url: receiver.url }, FOREVER);
    expect(result?.error).toContain('no longer in WEBHOOK_ALLOW_HOSTS');
    expect(receiver.take()).toEqual([]);
  });

  describe('behind a name', () => {
    const PUBLIC = '93.184.215.14';
    const OWN = '127.0.0.1';
    /** Nobody is called at the public address: a connection from the loopback leads to no other one. */
    const FROM_LOOPBACK = '127.0.0.1';
    let asked: number;
    let before: number;
    beforeEach(() => {
      asked = 0;
      before = receiver.connected;
    });
    afterEach(() => expect(receiver.connected).toBe(before));

    /** Names mean these addresses, an answer for each look-up; the last one stays. */
    const addressesOf = (answers: string[][], localAddress?: string): WebhookAddresses => {
      const lookup: LookupFunction = (_name, options, done) => {
        const found = (answers[Math.min(asked, answers.length - 1)] ?? []).map((address) => ({
          ...{ address, family: 4 },
        }));
        asked += 1;
        setImmediate(() =>
          options.all ? done(null, found) : done(null, found[0]?.address ?? '', found[0]?.family),
        );
      };
      return new WebhookAddresses([], { lookup, ...(localAddress && { localAddress }) });
    };
    const errorOf = async (addresses: WebhookAddresses): Promise<string | null | undefined> => {
      const url = addresses.check(`https://hooks.example.com:${port()}/`);
      return (await new WebhookCaller(addresses, 5_000).call({ ...CALL, url }, FOREVER))?.error;
    };

    it('is not called when the name means it since the webhook was made', async () => {
      const addresses = addressesOf([[PUBLIC], [OWN]], FROM_LOOPBACK);
      addresses.check(`https://hooks.example.com:${port()}/`);
      await errorOf(addresses);
      expect(await errorOf(addresses)).toBe(IN_IT);
    });

    it('is not called when the name means it since the check: what was looked up once is checked, and called', async () => {
      expect(await errorOf(addressesOf([[PUBLIC], [OWN]], FROM_LOOPBACK))).not.toBe(IN_IT);
      expect(asked).toBe(1);
    });

    it('is not called when it is one of several addresses', async () => {
      expect(await errorOf(addressesOf([[PUBLIC, OWN]]))).toBe(IN_IT);
    });
  });
});
