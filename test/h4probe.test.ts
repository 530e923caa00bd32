import { connect } from 'node:net';
import { aCustomer, aToken, aTurn, aWorkspace, startApp, type TestApp } from './support/app';
import { SAVE } from './support/operations';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
const raw = (text: string, end = true): Promise<string> =>
  new Promise((resolve) => {
    const u = new URL(app.url);
    const s = connect(Number(u.port), u.hostname);
    let out = '';
    s.on('data', (d) => {
      out += d;
    });
    s.on('close', () => resolve(out));
    s.on('error', (e) => resolve('ERR ' + e.message + out));
    s.write(text);
    if (!end) return;
    setTimeout(() => s.destroy(), 1500);
  });
it('probes', async () => {
  const shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '393331234567' });
  const out: string[] = [];
  const show = async (name: string, p: Promise<unknown>) => {
    let v: unknown;
    try {
      v = await p;
    } catch (e) {
      v = 'THROWN ' + e + ((e as { cause?: unknown }).cause ?? '');
    }
    out.push(name + ': ' + (typeof v === 'string' ? v : JSON.stringify(v)).slice(0, 700));
  };
  const get = async (path: string, h: Record<string, string> = {}) => {
    const r = await fetch(app.url + path, { headers: h, redirect: 'manual' });
    return r.status + ' ' + r.headers.get('content-type') + ' ' + (await r.text()).slice(0, 300);
  };
  await show(
    'anon introspection on /',
    get('/?query={__schema{queryType{name}}}', { 'apollo-require-preflight': '1' }),
  );
  await show(
    'anon mixed accept',
    get('/graphql', { accept: 'application/json, text/html', 'apollo-require-preflight': '1' }),
  );
  await show('landing', get('/graphql', { accept: 'text/html' }));
  await show('root', get('/', { accept: 'text/html' }));
  await show('root json', get('/', {}));
  const a = app.api.as(shop.analyst),
    s = app.api.as(shop.service);
  await show(
    'get mutation',
    get(
      '/graphql?query=' + encodeURIComponent('mutation{saveMessages(workspaceId:"x",items:[]){error{code}}}'),
      { authorization: 'Bearer ' + shop.service, 'apollo-require-preflight': '1' },
    ),
  );
  const brief = async (p: Promise<{ status: number; body: unknown }>) => {
    const r = await p;
    return r.status + ' ' + JSON.stringify(r.body);
  };
  await show(
    'bad variable',
    brief(s.send(SAVE, { input: { ...aTurn(shop), phoneNumber: 'secret; words at "x"' } })),
  );
  await show(
    'bad variable type',
    brief(s.send(SAVE, { input: { ...aTurn(shop), message: { secret: 'secret; words' } } })),
  );
  await show('missing variable', brief(s.send(SAVE, {})));
  await show('unknown field', brief(s.send(SAVE, { input: { ...aTurn(shop), secretwords: 1 } })));
  await show(
    'enum',
    brief(
      a.send('query($o:TrackingOutcome){messages(workspaceId:"' + shop.id + '",outcome:$o){totalCount}}', {
        o: 'secretwords',
      }),
    ),
  );
  await show('literal', brief(a.send('{messages(workspaceId:5.5,outcome:"x"){totalCount}}', {})));
  await show(
    'no such operation',
    brief(
      a.post(JSON.stringify({ query: 'query A{viewer{name}} query B{viewer{name}}', operationName: 'C' })),
    ),
  );
  await show(
    'two operations none named',
    brief(a.post(JSON.stringify({ query: 'query A{viewer{name}} query B{viewer{name}}' }))),
  );
  const bomb = (n: number) =>
    '{...f0}' +
    Array.from({ length: n }, (_, i) =>
      i === n - 1
        ? `fragment f${i} on Query{viewer{name}}`
        : `fragment f${i} on Query{...f${i + 1} ...f${i + 1}}`,
    ).join(' ');
  const t0 = Date.now();
  await show('bomb 18', brief(a.send(bomb(18))));
  out.push('took ' + (Date.now() - t0));
  const t1 = Date.now();
  await show('bomb 22', brief(a.send(bomb(22))));
  out.push('took ' + (Date.now() - t1));
  await show(
    'bad host',
    raw(
      `POST /graphql HTTP/1.1\r\nHost: a b[\r\nAuthorization: Bearer ${shop.analyst}\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{"query":"{viewer{name}}"} `,
    ),
  );
  await show(
    'http 1.0',
    raw(
      `POST /graphql HTTP/1.0\r\nAuthorization: Bearer ${shop.analyst}\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{"query":"{viewer{name}}"} `,
    ),
  );
  await show('garbage', raw('GARBAGE\r\n\r\n'));
  await show('10MB', brief(a.post(JSON.stringify({ query: 'x'.repeat(10_000_000) }))));
  await show('10MB anon', brief(app.api.post(JSON.stringify({ query: 'x'.repeat(10_000_000) }))));
  await show('not json', brief(a.post('{"query": "ciao')));
  await show('app/graphql', brief(a.post('{viewer{name}}', { 'content-type': 'application/graphql' })));
  await show('text/plain', brief(a.post('{"query":"{viewer{name}}"}', { 'content-type': 'text/plain' })));
  await show('array', brief(a.post('[{"query":"{viewer{name}}"}]')));
  await show(
    'put',
    fetch(app.url + '/graphql', { method: 'PUT', headers: { authorization: 'Bearer ' + shop.analyst } }).then(
      async (r) => r.status + (await r.text()),
    ),
  );
  await show('404', get('/nix'));
  await show('ready', get('/health/ready'));
  await show('percent', get('/%'));
  await show('no token', brief(app.api.send('{')));
  await show(
    'first null',
    brief(
      a.send(
        'query($n:Int){messages(workspaceId:"' + shop.id + '",first:$n){nodes{customer{usage{messages}}}}}',
        { n: null },
      ),
    ),
  );
  await show(
    'apq',
    brief(a.post(JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }))),
  );
  await show(
    'save+bad deeper',
    brief(
      app.api
        .as(
          await aToken(app, {
            kind: 'service',
            workspaceIds: [shop.id],
            scopes: ['messages:write', 'usage:read'],
          }),
        )
        .send(
          'mutation($input: SaveMessageInput!){saveMessage(input:$input){message{customer{usage(period:{preset:TODAY,month:"2025-01"}){messages}}}}}',
          { input: aTurn(shop) },
        ),
    ),
  );
  await show(
    'save+usage without scope',
    brief(
      s.send(
        'mutation($input: SaveMessageInput!){saveMessage(input:$input){message{customer{usage{messages}}}}}',
        { input: aTurn(shop) },
      ),
    ),
  );
  await show('save ok', brief(s.send(SAVE, { input: aTurn(shop) })));
  await show('tokens>1000', brief(a.send('{' + 'viewer{name} '.repeat(400) + '}')));
  await show('foreign', brief(a.send('{usage(workspaceId:"nope"){asOf}}')));
  console.log(out.join('\n\n'));
  require('node:fs').writeFileSync('/tmp/h4/out.txt', out.join('\n\n') + '\n\n' + app.logs());
});
