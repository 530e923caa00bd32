import { type PointerEvent, type ReactNode, useState } from 'react';
import { useSpeech } from '../i18n/language';
import { capitalised } from '../lib/format';
import { useFormat } from '../lib/format-context';
import { Behind } from './plot';

/** `detail`: what is told of it beside its number. */
export interface HeatCell {
  weekday: number;
  hour: number;
  messages: number;
  detail: string;
}

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7];
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const LEVELS = 5;
/** The largest number that a cell has room for. */
const LARGEST_SHOWN = 99;

/** 0 for none, else 1 to 5: equal steps up to the busiest cell. */
const levelOf = (messages: number, most: number): number =>
  messages === 0 ? 0 : Math.max(1, Math.ceil((messages / most) * LEVELS));

/** Weekday by hour, with numbers where all of them fit. A cell tells its numbers to the mouse and to a tap; the table behind it tells all. */
export function Heatmap(props: { cells: readonly HeatCell[]; title: string; nothing: string }): ReactNode {
  const { cells, title, nothing } = props;
  const { words, plural } = useSpeech();
  const format = useFormat();
  const [chosen, setChosen] = useState<number>();
  const busiest = cells.reduce<HeatCell | undefined>(
    (most, cell) => (cell.messages > (most?.messages ?? 0) ? cell : most),
    undefined,
  );
  const most = busiest?.messages ?? 1;
  const at = (weekday: number, hour: number): HeatCell | undefined => cells[(weekday - 1) * 24 + hour];
  const tell = (cell: HeatCell): string =>
    words.cell(
      format.weekday(cell.weekday, 'long'),
      format.hour(cell.hour),
      format.hour((cell.hour + 1) % 24),
      `${plural(words.messagesCount, cell.messages)}, ${cell.detail}`,
    );
  const choose = ({ target }: PointerEvent): void => {
    const index = target instanceof Element ? target.getAttribute('data-cell') : null;
    if (index !== null) setChosen(Number(index));
  };
  const told = (chosen === undefined ? undefined : cells[chosen]) ?? busiest;
  const finding = told === undefined ? nothing : tell(told);
  const label = words.plotOf(title, busiest ? tell(busiest) : nothing);
  return (
    <>
      <p className="finding">{capitalised(finding)}</p>
      <div className="heatmap" role="img" aria-label={label} onPointerDown={choose} onPointerOver={choose}>
        <span />
        {HOURS.map((hour) => (
          <span key={hour} className="heat-hour">
            {hour % 3 === 0 && String(hour).padStart(2, '0')}
          </span>
        ))}
        {WEEKDAYS.map((weekday) => [
          <span key={weekday} className="heat-day">
            {format.weekday(weekday, 'short')}
          </span>,
          ...HOURS.map((hour) => {
            const index = (weekday - 1) * 24 + hour;
            const messages = at(weekday, hour)?.messages ?? 0;
            return (
              <span
                key={`${weekday} ${hour}`}
                data-cell={index}
                className={`cell heat-${levelOf(messages, most)}${index === chosen ? ' chosen' : ''}`}
              >
                {messages > 0 && most <= LARGEST_SHOWN && messages}
              </span>
            );
          }),
        ])}
      </div>
      <p className="legend muted small" aria-hidden="true">
        {words.fewer}
        {Array.from({ length: LEVELS + 1 }, (_, level) => level).map((level) => (
          <i key={level} className={`heat-${level}`} />
        ))}
        {words.more}
      </p>
      <Behind label={title}>
        <table className="tight">
          <caption className="visually-hidden">{title}</caption>
          <thead>
            <tr>
              <th scope="col">{words.hour}</th>
              {WEEKDAYS.map((weekday) => (
                <th key={weekday} scope="col" className="number">
                  <abbr title={format.weekday(weekday, 'long')}>{format.weekday(weekday, 'short')}</abbr>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {HOURS.map((hour) => (
              <tr key={hour}>
                <th scope="row">{format.hour(hour)}</th>
                {WEEKDAYS.map((weekday) => (
                  <td key={weekday} className="number">
                    {format.count(at(weekday, hour)?.messages ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Behind>
    </>
  );
}
