import type { ReactNode } from 'react';
import type { OverviewQuery } from '../gql/graphql';
import { useSpeech } from '../i18n/language';
import { useFormat } from '../lib/format-context';

type Cell = OverviewQuery['usage']['heatmap'][number];

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const LEVELS = 5;

/** 0 for none, else 1 to 5: equal steps up to the busiest cell. */
const levelOf = (messages: number, most: number): number =>
  messages === 0 ? 0 : Math.max(1, Math.ceil((messages / most) * LEVELS));

/** Weekday by hour. It is a table that looks like a plot, so it needs no other table behind it. */
export function Heatmap({ cells }: { cells: readonly Cell[] }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const most = Math.max(1, ...cells.map(({ messages }) => messages));
  const at = (weekday: number, hour: number): Cell | undefined => cells[(weekday - 1) * 24 + hour];
  return (
    <>
      <table className={most < 100 ? 'heatmap' : 'heatmap dense'}>
        <caption className="visually-hidden">{words.heatmapHint}</caption>
        <thead>
          <tr>
            <td />
            {HOURS.map((hour) => (
              <th key={hour} scope="col">
                <span className="visually-hidden">{format.hour(hour)}</span>
                {hour % 3 === 0 && <span aria-hidden="true">{String(hour).padStart(2, '0')}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {WEEKDAYS.map((weekday) => (
            <tr key={weekday}>
              <th scope="row" aria-label={format.weekday(weekday, 'long')}>
                {format.weekday(weekday, 'short')}
              </th>
              {HOURS.map((hour) => {
                const cell = at(weekday, hour);
                const messages = cell?.messages ?? 0;
                return (
                  <td
                    key={hour}
                    className={`heat-${levelOf(messages, most)}`}
                    title={
                      cell && messages > 0
                        ? `${format.weekday(weekday, 'long')} ${format.hour(hour)}: ${plural(words.messagesCount, messages)}, ${format.money(cell.cost)}`
                        : undefined
                    }
                  >
                    <span>{format.count(messages)}</span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="legend muted small" aria-hidden="true">
        {words.fewer}
        {Array.from({ length: LEVELS + 1 }, (_, level) => level).map((level) => (
          <i key={level} className={`heat-${level}`} />
        ))}
        {words.more}
      </p>
    </>
  );
}
