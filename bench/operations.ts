// The operations that are sent, and how their answers are checked.
import type { Answer } from './client';
import { phoneOf, SAVING_CUSTOMERS } from './data-set';

const SAVE = `mutation Save($input: SaveMessageInput!) {
  saveMessage(input: $input) { replayed message { id tracking { outcome usage { id price { amount currency } } } } }
}`;
const SAVE_MANY = `mutation SaveMany($workspaceId: ID!, $items: [SaveMessageItem!]!) {
  saveMessages(workspaceId: $workspaceId, items: $items) {
    payload { replayed message { id tracking { outcome } } } error { code message }
  }
}`;
export const DASHBOARD = `query Dashboard($workspaceId: ID!, $period: PeriodInput, $timeZone: TimeZone) {
  usage(workspaceId: $workspaceId, period: $period, timeZone: $timeZone) {
    asOf period { from to timeZone complete }
    totals { cost { amount currency } messages activeClients averageCostPerClient { amount } firstAt lastAt }
    growth {
      cost { current { amount } previous { amount } percent }
      messages { current previous percent }
      activeClients { current previous percent }
    }
    topClients(limit: 10) { rank customer { id name } cost { amount } messages share lastAt }
    peakHours { hour label messages cost { amount } share }
    heatmap { weekday hour messages cost { amount } }
    timeline(interval: DAY) { from to messages cost { amount } }
  }
}`;
export const TOP_CLIENTS = `query Top($workspaceId: ID!, $period: PeriodInput) {
  usage(workspaceId: $workspaceId, period: $period) {
    topClients(limit: 10) { rank customer { id name } cost { amount } messages share lastAt }
  }
}`;

let sent = 0;
const run = Date.now().toString(36);

function turn(): Record<string, string> {
  sent += 1;
  return {
    phoneNumber: phoneOf((sent % SAVING_CUSTOMERS) + 1),
    message: `Buongiorno, vorrei sapere se avete ancora posto per la sera di ${sent}`,
    response: `Certo! Abbiamo ancora alcuni tavoli liberi. Per quante persone, e a che ora le farebbe comodo? ${sent}`,
    idempotencyKey: `bench.${run}.${sent}`,
  };
}

/** One saveMessage after another, to each of these workspaces in turn. */
export const saves = (workspaces: readonly string[]) => (): string =>
  JSON.stringify({
    query: SAVE,
    variables: { input: { workspaceId: workspaces[sent % workspaces.length], ...turn() } },
  });

/** The same input without GraphQL. */
export const plainInput = (workspaceId: string) => (): string => JSON.stringify({ workspaceId, ...turn() });

export const items = (count: number) => Array.from({ length: count }, turn);

export const manySaves = (workspaceId: string, count: number) => (): string =>
  JSON.stringify({ query: SAVE_MANY, variables: { workspaceId, items: items(count) } });

export const question = (query: string, variables: object) => (): string =>
  JSON.stringify({ query, variables });

export function checkSave({ status, body }: Answer): void {
  if (status !== 200 || !body.includes('"replayed":false') || !body.includes('"outcome":"TRACKED"'))
    throw new Error(`A save was answered wrongly: ${status} ${body.slice(0, 500)}`);
}

export const checkMany =
  (count: number) =>
  ({ status, body }: Answer): void => {
    if (status !== 200 || body.split('"outcome":"TRACKED"').length !== count + 1)
      throw new Error(`saveMessages was answered wrongly: ${status} ${body.slice(0, 500)}`);
  };

export function checkData({ status, body }: Answer): void {
  if (status !== 200 || body.includes('"errors"'))
    throw new Error(`A question was answered wrongly: ${status} ${body.slice(0, 500)}`);
}
