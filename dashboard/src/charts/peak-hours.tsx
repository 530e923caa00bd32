import { type ReactNode, useCallback, useMemo } from 'react';
import type { OverviewQuery } from '../gql/graphql';
import { useSpeech } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { baseOption, type Colours, Plot, tooltip, valueAxis } from './plot';

type Usage = OverviewQuery['usage'];

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** 24 bars; the busiest hour stands out. */
export function PeakHours({ usage }: { usage: Usage }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const { peakHour, peakHours } = usage;
  const byHour = useMemo(() => new Map(peakHours.map((row) => [row.hour, row])), [peakHours]);
  const messagesAt = useCallback((hour: number) => byHour.get(hour)?.messages ?? 0, [byHour]);
  const draw = useCallback(
    (colours: Colours) => ({
      ...baseOption(
        colours,
        HOURS.map((hour) => format.hour(hour)),
      ),
      yAxis: valueAxis(colours, peakHour?.messages ?? 0, () => format.count),
      tooltip: tooltip(
        (hour) => {
          const row = byHour.get(hour);
          return [
            { name: words.messages, value: format.count(row?.messages ?? 0) },
            ...(row
              ? [
                  { name: words.share, value: format.share(row.share) },
                  { name: words.cost, value: format.money(row.cost) },
                ]
              : []),
          ];
        },
        (hour) => `${format.hour(hour)} – ${format.hour((hour + 1) % 24)}`,
      ),
      series: [
        {
          name: words.messages,
          type: 'bar',
          barCategoryGap: '25%',
          emphasis: { disabled: true },
          data: HOURS.map((hour) => ({
            value: messagesAt(hour),
            itemStyle: {
              color: hour === peakHour?.hour ? colours.accent : colours.before,
              borderRadius: [3, 3, 0, 0],
            },
          })),
        },
      ],
    }),
    [byHour, messagesAt, peakHour, format, words],
  );
  const money = format.moneyLike(peakHours.map(({ cost }) => cost));
  const summary = peakHour
    ? words.busiest(format.hour(peakHour.hour), plural(words.messagesCount, peakHour.messages))
    : words.nothingYet;
  return (
    <>
      <p className="finding">{summary}</p>
      <Plot label={words.plotOf(words.peakHours, summary)} draw={draw}>
        <table>
          <caption className="visually-hidden">{words.peakHours}</caption>
          <thead>
            <tr>
              <th scope="col">{words.hour}</th>
              <th scope="col" className="number">
                {words.messages}
              </th>
              <th scope="col" className="number">
                {words.share}
              </th>
              <th scope="col" className="number">
                {words.cost}
              </th>
            </tr>
          </thead>
          <tbody>
            {HOURS.map((hour) => {
              const row = byHour.get(hour);
              return (
                <tr key={hour}>
                  <th scope="row">{format.hour(hour)}</th>
                  <td className="number">{format.count(row?.messages ?? 0)}</td>
                  <td className="number">{row ? format.share(row.share) : '–'}</td>
                  <td className="number">{row ? money(row.cost) : '–'}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Plot>
    </>
  );
}
