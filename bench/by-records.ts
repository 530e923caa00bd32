// The dashboard's answers by SQL over the records, and the comparison of the two.
import type { Client } from 'pg';

export interface ByRecords {
  totals: { messages: number; micros: number; clients: number }[];
  top: { id: string; messages: number }[];
  hours: Map<number, number>;
  cells: Map<string, number>;
  days: number[];
}

const SUMS = `SELECT count(*) AS messages, sum(c.amount_micros) AS micros, count(DISTINCT c.customer_id) AS clients,
    min(c.occurred_at), max(c.occurred_at)
  FROM charges c WHERE c.workspace_id = $1 AND c.occurred_at >= $2 AND c.occurred_at < $3`;
const TOP = `SELECT c.customer_id AS id, u.name, count(*) AS messages, sum(c.amount_micros) AS micros, max(c.occurred_at)
  FROM charges c JOIN customers u ON u.workspace_id = c.workspace_id AND u.id = c.customer_id
  WHERE c.workspace_id = $1 AND c.occurred_at >= $2 AND c.occurred_at < $3
  GROUP BY c.customer_id, u.name ORDER BY micros DESC, u.name COLLATE "C", c.customer_id LIMIT 10`;
const CELLS = `SELECT extract(isodow FROM c.occurred_at AT TIME ZONE $4)::int AS weekday,
    extract(hour FROM c.occurred_at AT TIME ZONE $4)::int AS hour, count(*) AS messages, sum(c.amount_micros) AS micros
  FROM charges c WHERE c.workspace_id = $1 AND c.occurred_at >= $2 AND c.occurred_at < $3 GROUP BY 1, 2`;
const DAYS = `SELECT (c.occurred_at AT TIME ZONE $4)::date AS day, count(*) AS messages, sum(c.amount_micros) AS micros
  FROM charges c WHERE c.workspace_id = $1 AND c.occurred_at >= $2 AND c.occurred_at < $3 GROUP BY 1 ORDER BY 1`;

/** Five statements, as one would write them without roll-ups. Hours are added up from the heatmap. */
export async function askRecords(
  client: Client,
  workspace: string,
  range: { from: string; to: string },
  before: { from: string; to: string },
  zone: string,
): Promise<ByRecords> {
  const args = [workspace, range.from, range.to];
  const now = await client.query(SUMS, args);
  const then = await client.query(SUMS, [workspace, before.from, before.to]);
  const top = await client.query(TOP, args);
  const cells = await client.query(CELLS, [...args, zone]);
  const days = await client.query(DAYS, [...args, zone]);
  const hours = new Map<number, number>();
  for (const { hour, messages } of cells.rows) hours.set(hour, (hours.get(hour) ?? 0) + Number(messages));
  return {
    totals: [now, then].map(({ rows: [row] }) => ({
      messages: Number(row.messages),
      micros: Number(row.micros ?? 0),
      clients: Number(row.clients),
    })),
    top: top.rows.map(({ id, messages }) => ({ id, messages: Number(messages) })),
    hours,
    cells: new Map(cells.rows.map(({ weekday, hour, messages }) => [`${weekday} ${hour}`, Number(messages)])),
    days: days.rows.map(({ messages }) => Number(messages)),
  };
}

interface Dashboard {
  data: {
    usage: {
      totals: { messages: number; activeClients: number; cost: { amount: string } };
      growth: { messages: { previous: number }; activeClients: { previous: number } };
      topClients: { customer: { id: string }; messages: number }[];
      peakHours: { hour: number; messages: number }[];
      heatmap: { weekday: number; hour: number; messages: number }[];
      timeline: { messages: number }[];
    };
  };
}

/** Throws when the server and the records differ. */
export function compareAnswers(body: string, records: ByRecords): void {
  const { usage }: Dashboard['data'] = (JSON.parse(body) as Dashboard).data;
  const [now, then] = records.totals;
  const pairs: [string, unknown, unknown][] = [
    ['messages', usage.totals.messages, now?.messages],
    ['cost', Math.round(Number(usage.totals.cost.amount) * 1e6), now?.micros],
    ['clients', usage.totals.activeClients, now?.clients],
    ['previous messages', usage.growth.messages.previous, then?.messages],
    ['previous clients', usage.growth.activeClients.previous, then?.clients],
    [
      'top',
      usage.topClients.map(({ customer, messages }) => [customer.id, messages]),
      records.top.map(({ id, messages }) => [id, messages]),
    ],
    [
      'hours',
      usage.peakHours.map(({ hour, messages }) => messages === records.hours.get(hour)),
      usage.peakHours.map(() => true),
    ],
    [
      'heatmap',
      usage.heatmap.filter(
        ({ weekday, hour, messages }) => messages !== (records.cells.get(`${weekday} ${hour}`) ?? 0),
      ),
      [],
    ],
    ['days', usage.timeline.map(({ messages }) => messages).filter((messages) => messages > 0), records.days],
  ];
  for (const [what, answered, counted] of pairs) {
    const [a, b] = [JSON.stringify(answered), JSON.stringify(counted)];
    if (a !== b) throw new Error(`The dashboard and the records disagree on ${what}: ${a} and ${b}`);
  }
}
