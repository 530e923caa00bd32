import { type ReactNode, useCallback, useMemo } from 'react';
import { useSpeech } from '../i18n/language';
import { type Money, microsOf } from '../lib/decimal';
import { useFormat } from '../lib/format-context';
import { moneyAxis } from './axis';
import { type Column, NOTHING, Plot, type Told } from './plot';

export interface MonthOfUse {
  /** YYYY-MM */
  month: string;
  cost: Money;
  messages: number;
}

/** A client's year, month by month. */
export function Months({ months }: { months: readonly MonthOfUse[] }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const currency = months[0]?.cost.currency ?? '';
  const columns = useMemo(
    () =>
      months.map(
        ({ month, cost }): Column => ({
          key: month,
          label: format.monthName(month, 'short'),
          value: microsOf(cost),
        }),
      ),
    [months, format],
  );
  const axis = useMemo(
    () =>
      moneyAxis(
        months.map(({ cost }) => microsOf(cost)),
        currency,
        format,
      ),
    [months, currency, format],
  );
  const tell = useCallback(
    (index: number): Told => {
      const row = months[index];
      if (!row) return NOTHING;
      return {
        title: format.monthName(row.month),
        rows: [
          { name: words.cost, value: format.money(row.cost) },
          { name: words.messages, value: format.count(row.messages) },
        ],
      };
    },
    [months, format, words],
  );
  const money = format.moneyLike(months.map(({ cost }) => cost));
  const total = months.reduce((sum, { messages }) => sum + messages, 0);
  return (
    <Plot
      title={words.lastTwelveMonths}
      summary={plural(words.messagesCount, total)}
      columns={columns}
      axis={axis}
      tell={tell}
    >
      <table>
        <caption className="visually-hidden">{words.lastTwelveMonths}</caption>
        <thead>
          <tr>
            <th scope="col">{words.when}</th>
            <th scope="col" className="number">
              {words.messages}
            </th>
            <th scope="col" className="number">
              {words.cost}
            </th>
          </tr>
        </thead>
        <tbody>
          {months.map(({ month, cost, messages }) => (
            <tr key={month}>
              <th scope="row">{format.monthName(month)}</th>
              <td className="number">{format.count(messages)}</td>
              <td className="number">{money(cost)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Plot>
  );
}
