// A month's report for a page: one typed request, distinguished errors, exact amounts.

import { MonthReportDocument, type MonthReportQuery, type MonthReportQueryVariables } from './gql/graphql';

export type MonthReport = MonthReportQuery['usage'];
export type Money = MonthReport['totals']['cost'];

/** A page decides by the code, not by the message. */
export class ReportError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Answer {
  data?: MonthReportQuery | null;
  errors?: { message: string; extensions: { code: string } }[];
}

/** The report of a month such as 2025-01. Throws ReportError. */
export async function fetchMonthReport(
  endpoint: string,
  token: string,
  workspaceId: string,
  month: string,
): Promise<MonthReport> {
  const variables: MonthReportQueryVariables = { workspaceId, month };
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: `${MonthReportDocument}`, variables }),
  });
  // The contract guarantees this type; JSON itself does not.
  const answer = (await response.json()) as Answer;
  const [error] = answer.errors ?? [];
  if (error || !answer.data)
    throw new ReportError(error?.extensions.code ?? 'NO_ANSWER', error?.message ?? '');
  return answer.data.usage;
}

/** "0.125" EUR -> "0,125 €" in Italian: Intl gets the decimal text unchanged, so no digit is lost. */
export function formatMoney({ amount, currency }: Money, locale: string): string {
  const decimals = amount.split('.')[1]?.length ?? 0;
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: decimals,
  });
  return format.format(amount);
}
