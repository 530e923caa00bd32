import { type ReactNode, useCallback } from 'react';
import { useSpeech } from '../i18n/language';
import { type Money, microsOf } from '../lib/decimal';
import { useFormat } from '../lib/format-context';
import { baseOption, type Colours, moneyAxis, Plot, tooltip } from './plot';

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
  const draw = useCallback(
    (colours: Colours) => ({
      ...baseOption(
        colours,
        months.map(({ month }) => format.monthName(month, 'short')),
      ),
      yAxis: moneyAxis(colours, Math.max(...months.map(({ cost }) => microsOf(cost))), currency, format),
      tooltip: tooltip(
        (index) => {
          const row = months[index];
          return row
            ? [
                { name: words.cost, value: format.money(row.cost) },
                { name: words.messages, value: format.count(row.messages) },
              ]
            : [];
        },
        (index) => format.monthName(months[index]?.month ?? '2000-01'),
      ),
      series: [
        {
          type: 'bar',
          barMaxWidth: 36,
          emphasis: { disabled: true },
          itemStyle: { color: colours.accent, borderRadius: [3, 3, 0, 0] },
          data: months.map(({ cost }) => microsOf(cost)),
        },
      ],
    }),
    [months, currency, format, words],
  );
  const money = format.moneyLike(months.map(({ cost }) => cost));
  const total = months.reduce((sum, { messages }) => sum + messages, 0);
  return (
    <Plot label={words.plotOf(words.lastTwelveMonths, plural(words.messagesCount, total))} draw={draw}>
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
