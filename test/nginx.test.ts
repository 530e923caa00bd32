// The proxy's configuration of examples/deploy, in the real nginx: it passes a subscription on, and what is asked beside it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from './support/api';
import { aCustomer, aTurn, aWorkspace, startApp, type TestApp } from './support/app';
import { LivePeer } from './support/live';
import { SAVE } from './support/operations';

const NGINX = ['nginx', '/usr/sbin/nginx'].find((path) => spawnSync(path, ['-v']).status === 0);
const withNginx = NGINX === undefined ? it.skip : it;

let app: TestApp;
let proxy: ChildProcess | undefined;
const folder = mkdtempSync(join(tmpdir(), 'centesimo-nginx-'));
beforeAll(async () => {
  app = await startApp({ config: { trustProxy: true } });
});
afterAll(async () => {
  proxy?.kill('SIGTERM');
  if (proxy && proxy.exitCode === null) await once(proxy, 'exit');
  await app.stop();
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** The example as it is, but for the port, the certificate and where the server is. */
async function startProxy(): Promise<string> {
  const port = await freePort();
  const example = readFileSync(join(__dirname, '../examples/deploy/nginx.conf'), 'utf8')
    .replace('listen 443 ssl http2;', `listen 127.0.0.1:${port};`)
    .replace(/^ *ssl_certificate.*\n/gm, '')
    .replace('http://127.0.0.1:3001', app.url);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  mkdirSync(join(folder, 'logs'));
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log;\nevents {}\nhttp { access_log off; ${temporary.join(' ')}\n${example}\n}`,
  );
  proxy = spawn(NGINX ?? '', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const isUp = await fetch(`${url}/health/live`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return url;
    if (proxy.exitCode !== null) throw new Error(readFileSync(join(folder, 'error.log'), 'utf8'));
  }
}

withNginx('nginx passes a subscription, its ticks and saves beside it', async () => {
  const shop = await aWorkspace(app);
  await aCustomer(app, shop, { phoneNumber: '+393331234567' });
  const url = await startProxy();
  const peer = await LivePeer.as(shop.client, url);
  peer.subscribe('1', shop.id);
  expect(await peer.outcome()).toBe('tick');
  await new Api(url, shop.service).data(SAVE, { input: aTurn(shop) });
  expect(await peer.outcome()).toBe('tick');
  await peer.leave();
});
