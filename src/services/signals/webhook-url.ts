// Which addresses a webhook may have, and how it reaches no address of the own network.
import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';
import { badInput } from '../../errors';

export const URL_LIMIT = 2_000;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

export class WebhookAddresses {
  /**
   * `allowHosts` is WEBHOOK_ALLOW_HOSTS: host:port in lower case. `connecting` says how names are looked up and from where
   * is connected; default: as the system does it.
   */
  constructor(
    private readonly allowHosts: readonly string[],
    private readonly connecting: Pick<AgentOptions, 'lookup' | 'localAddress'> = {},
  ) {}

  /**
   * The URL in its usual form. Throws BAD_USER_INPUT unless it is https to a host outside of the own network, or to one
   * of the allowed hosts. A name is not looked up here: it may mean another address at each call.
   */
  check(text: string): string {
    if (text.length > URL_LIMIT) throw badInput(`url has at most ${URL_LIMIT} characters.`);
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || DEFAULT_PORTS[url.protocol] === undefined)
      throw badInput('url is not a URL such as https://hooks.example.com/centesimo.');
    if (url.username !== '' || url.password !== '')
      throw badInput(
        'url holds a user or a password. Leave them out: the receiver knows our calls by their signature.',
      );
    if (url.hash !== '') throw badInput('url has a part behind #, which is never sent. Leave it out.');
    if (this.isAllowed(url)) return url.href;
    if (url.protocol !== 'https:')
      throw badInput(
        `url must begin with https://. Only hosts of WEBHOOK_ALLOW_HOSTS are called by http; ${hostOf(url)} is none of them.`,
      );
    if (isRefused(url))
      throw badInput(
        `url leads into the own network. If that is wanted, the operator adds ${hostOf(url)} to WEBHOOK_ALLOW_HOSTS.`,
      );
    return url.href;
  }

  /**
   * What connects to this URL: refuses every address of the own network unless the host is allowed. It judges the answer
   * of the look-up that it connects by: a later answer may be another one.
   */
  agentFor(url: URL): HttpAgent {
    const isHttps = url.protocol === 'https:';
    const options = { ...this.connecting };
    if (this.isAllowed(url)) return isHttps ? new HttpsAgent(options) : new HttpAgent(options);
    return isHttps ? new RequestFilteringHttpsAgent(options) : new RequestFilteringHttpAgent(options);
  }

  /** Asked at each call too: the list may have become shorter. */
  isAllowed(url: URL): boolean {
    return this.allowHosts.includes(hostOf(url));
  }
}

/** host:port. */
const hostOf = ({ hostname, port, protocol }: URL): string =>
  `${hostname}:${port || (DEFAULT_PORTS[protocol] ?? '')}`;

/** For an address that is no name: the agent says what it would say at a call; nothing is connected. */
function isRefused({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return false;
  const socket = new RequestFilteringHttpAgent().createConnection({ host, port: 443 });
  socket?.on('error', () => undefined);
  const refused = socket?.errored instanceof Error;
  socket?.destroy();
  return refused;
}
