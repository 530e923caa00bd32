import { type ReactNode, useCallback, useMemo } from 'react';
import type { OverviewQuery } from '../gql/graphql';
import { useSpeech } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { axisOf } from './axis';
import { type Column, Plot, type Told } from './plot';

type Usage = OverviewQuery['usage'];

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** 24 bars; the busiest hour stands out. */
export function PeakHours({ usage }: { usage: Usage }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const { peakHour, peakHours } = usage;
  const byHour = useMemo(() => new Map(peakHours.map((row) => [row.hour, row])), [peakHours]);
  const columns = useMemo(
    () =>
      HOURS.map(
        (hour): Column => ({
          key: hour,
          label: format.hour(hour),
          value: byHour.get(hour)?.messages ?? 0,
          faint: hour !== peakHour?.hour,
        }),
      ),
    [byHour, peakHour, format],
  );
  const axis = useMemo(() => axisOf(peakHour?.messages ?? 0, () => format.count), [peakHour, format]);
  const tell = useCallback(
    (hour: number): Told => {
      const row = byHour.get(hour);
      const charged = row
        ? [
            { name: words.share, value: format.share(row.share) },
            { name: words.cost, value: format.money(row.cost) },
          ]
        : [];
      return {
        title: `${format.hour(hour)} – ${format.hour((hour + 1) % 24)}`,
        rows: [{ name: words.messages, value: format.count(row?.messages ?? 0) }, ...charged],
      };
    },
    [byHour, format, words],
  );
  const money = format.moneyLike(peakHours.map(({ cost }) => cost));
  const summary = peakHour
    ? words.busiest(format.hour(peakHour.hour), plural(words.messagesCount, peakHour.messages))
    : words.nothingYet;
  return (
    <>
      <p className="finding">{summary}</p>
      <Plot title={words.peakHours} summary={summary} columns={columns} axis={axis} tell={tell}>
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
