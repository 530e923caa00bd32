// What a person sees when the server has started: the addresses to open and the commands to paste.
import { isatty } from 'node:tty';
import type { Logger } from 'pino';
import type { Config } from '../config';
import type { Urls } from '../http/server';
import { DEMO_WORKSPACE } from '../services/demo/demo';
import { toType } from './how-to-run';
import { print } from './streams';

export interface DemoTokens {
  service: string;
  client: string;
  analyst: string;
}

type Addresses = Urls & { metricsUrl?: string | undefined };

/** Text on a terminal; one line of JSON into a pipe, at every log level. */
export function sayReady(
  addresses: Addresses,
  config: Config,
  tokens: DemoTokens | undefined,
  logger: Logger,
): void {
  if (isatty(1)) {
    print(printWelcome(addresses, config, tokens));
    return;
  }
  const { url, internalUrl, metricsUrl } = addresses;
  const ready = {
    ...{ url, internalUrl, metricsUrl },
    ...{ dashboard: `${url}/dashboard`, dashboardLink: LINK },
    ...(tokens === undefined ? {} : { demo: { workspaceId: DEMO_WORKSPACE.id, tokens } }),
  };
  logger.child({}, { level: 'info' }).info(ready, READY);
}

const LINK = toType('token create --kind client --name owner --workspace ID');

/** Scripts recognise the line by this. */
const READY = 'Centesimo is ready';

export function printWelcome(
  { url, internalUrl, metricsUrl }: Addresses,
  config: Config,
  tokens: DemoTokens | undefined,
): string {
  const lines = [
    '',
    'Centesimo is ready.',
    '',
    `  GraphQL      ${url}/graphql${config.sandbox ? '   (open it in a browser: Apollo Sandbox)' : ''}`,
  ];
  if (internalUrl !== url)
    lines.push(`  Saves        ${internalUrl}/graphql   (internal: service tokens only here)`);
  const signIn = tokens ? `#token=${tokens.client}` : '';
  lines.push(`  Dashboard    ${url}/dashboard${signIn}`, `  Health       ${url}/health/ready`);
  if (metricsUrl !== undefined) lines.push(`  Metrics      ${metricsUrl}/metrics`);
  lines.push('');
  if (tokens) lines.push(...demo({ url, internalUrl }, tokens));
  else
    lines.push(
      `  A token for n8n:              ${toType('token create --kind service --name n8n --workspace ID')}`,
      `  A link to the dashboard:      ${LINK}`,
      '',
    );
  return `${lines.join('\n')}\n`;
}

function demo({ url, internalUrl }: Urls, tokens: DemoTokens): string[] {
  return [
    `The demo workspace ${DEMO_WORKSPACE.id} is made. Its tokens are shown this once:`,
    '',
    `  n8n (saves turns)           ${tokens.service}`,
    `  dashboard (reads figures)   ${tokens.client}`,
    `  analyst (reads messages)    ${tokens.analyst}`,
    '',
    'Save a turn and see it charged:',
    '',
    curl(internalUrl, tokens.service, SAVE, {
      input: {
        workspaceId: DEMO_WORKSPACE.id,
        phoneNumber: '393331234567',
        message: 'Ciao, avete mozzarella?',
        response: 'Ciao Mario! Sì, appena arrivata.',
        idempotencyKey: 'wamid.first-turn',
      },
    }),
    '',
    'Read the month of the reference example:',
    '',
    curl(url, tokens.client, REPORT, { workspaceId: DEMO_WORKSPACE.id, period: { month: '2025-01' } }),
    '',
  ];
}

const SAVE =
  'mutation ($input: SaveMessageInput!) { saveMessage(input: $input) { replayed message { id tracking { outcome usage { price { amount currency } } } } } }';
const REPORT =
  'query ($workspaceId: ID!, $period: PeriodInput) { usage(workspaceId: $workspaceId, period: $period) { totals { cost { amount currency } messages activeClients } growth { messages { percent } } peakHour { label messages } topClients(limit: 3) { rank customer { name } messages cost { amount } } } }';

/** One argument for a shell: in single quotes, without single quotes inside. */
const curl = (url: string, token: string, query: string, variables: object): string =>
  `  curl -s ${url}/graphql -H 'content-type: application/json' -H 'authorization: Bearer ${token}' -d '${JSON.stringify({ query, variables }).replaceAll("'", '\\u0027')}'`;
