// Loaded into n8n before anything else: nothing leaves the machine. Meta's Graph API is played by fake-meta.ts.
import { appendFileSync } from 'node:fs';
import net from 'node:net';

const { FAKE_META_PORT, REFUSED_LOG } = process.env;
const LOOPBACK = /^(localhost|::1|::|0\.0\.0\.0|127\.[\d.]+|::ffff:127\.[\d.]+)$/;

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  // Node passes its own calls on as one array; others give an object, or a port and a host.
  const target = Array.isArray(args[0]) ? args[0][0] : args[0];
  const isObject = typeof target === 'object' && target !== null;
  if (isObject && target.host === 'graph.facebook.com' && FAKE_META_PORT)
    Object.assign(target, { host: '127.0.0.1', port: Number(FAKE_META_PORT), lookup: undefined });
  const host = isObject ? target.host : typeof args[1] === 'string' ? args[1] : undefined;
  const isUnixSocket = isObject && Boolean(target.path);
  if (isUnixSocket || !host || LOOPBACK.test(host)) return connect.apply(this, args);
  if (REFUSED_LOG) appendFileSync(REFUSED_LOG, `${host}\n`);
  const refusal = Object.assign(new Error(`offline: ${host} is not called`), { code: 'ECONNREFUSED' });
  process.nextTick(() => this.destroy(refusal));
  return this;
};
