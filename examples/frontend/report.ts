// A month's report for a page: one typed request, errors told apart, amounts kept exact.

export interface Money {
  amount: string;
  currency: string;
}

export interface MonthReport {
  totals: { cost: Money; messages: number; activeClients: number };
  growth: { messages: { percent: string | null } };
  topClients: { rank: number; customer: { name: string }; messages: number; cost: Money }[];
}

/** What a page does next depends on the code, not on the words. */
export class ReportError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const QUERY = /* GraphQL */ `
  query MonthReport($workspaceId: ID!, $month: YearMonth!) {
    usage(workspaceId: $workspaceId, period: { month: $month }) {
      totals { cost { amount currency } messages activeClients }
      growth { messages { percent } }
      topClients(limit: 5) { rank customer { name } messages cost { amount currency } }
    }
  }
`;

interface Answer {
  data?: { usage: MonthReport } | null;
  errors?: { message: string; extensions: { code: string } }[];
}

/** The report of a month such as 2025-01. Throws ReportError. */
export async function fetchMonthReport(
  endpoint: string,
  token: string,
  workspaceId: string,
  month: string,
): Promise<MonthReport> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: QUERY, variables: { workspaceId, month } }),
  });
  // What the contract promises; JSON itself promises nothing.
  const answer = (await response.json()) as Answer;
  const [error] = answer.errors ?? [];
  if (error || !answer.data)
    throw new ReportError(error?.extensions.code ?? 'NO_ANSWER', error?.message ?? '');
  return answer.data.usage;
}

/** "0.125" EUR -> "0,125 €" in Italian: decimal text goes into Intl as it is, so no digit is lost. */
export function formatMoney({ amount, currency }: Money, locale: string): string {
  const decimals = amount.split('.')[1]?.length ?? 0;
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: decimals,
  });
  // Intl reads decimal text exactly; the type of older TypeScript libraries knows numbers only.
  return format.format(amount as `${number}`);
}
