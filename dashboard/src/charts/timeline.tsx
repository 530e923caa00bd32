import { type ReactNode, useCallback, useMemo } from 'react';
import type { PeriodPartsFragment, PointPartsFragment as Point, TimelineInterval } from '../gql/graphql';
import { useSpeech } from '../i18n/language';
import { addDays, addMonths, dayOf, startOf } from '../lib/dates';
import { type Money, microsOf } from '../lib/decimal';
import type { Format } from '../lib/format';
import { useFormat } from '../lib/format-context';
import { moneyAxis } from './axis';
import { type Column, Plot, type Told } from './plot';

/** One place on the axis: a bucket of this period, and the one that stands where it stood in the period before. */
interface Slot {
  at: string;
  point: Point | undefined;
  before: Point | undefined;
}

const HOUR_MS = 3_600_000;

/** When the bucket after the one that starts here starts. */
function nextOf(at: string, interval: TimelineInterval, timeZone: string): string {
  if (interval === 'HOUR') return new Date(new Date(at).getTime() + HOUR_MS).toISOString();
  const day = dayOf(new Date(at), timeZone);
  const next = { DAY: addDays(day, 1), WEEK: addDays(day, 7), MONTH: addMonths(day, 1) }[interval];
  return startOf(next, timeZone).toISOString();
}

/** A running period's axis goes on to its end, so that the period before is there as a whole. */
function slotsOf(
  current: readonly Point[],
  previous: readonly Point[],
  interval: TimelineInterval,
  period: { to: string; timeZone: string; complete: boolean },
): Slot[] {
  const slots = current.map((point, index): Slot => ({ at: point.from, point, before: previous[index] }));
  let at = current.at(-1)?.to;
  while (!period.complete && at !== undefined && at < period.to && slots.length < 400) {
    slots.push({ at, point: undefined, before: previous[slots.length] });
    at = nextOf(at, interval, period.timeZone);
  }
  return slots;
}

const titleOf = (format: Format, interval: TimelineInterval, at: string): string => {
  if (interval === 'HOUR') return format.dateTime(at);
  return interval === 'MONTH' ? format.month(at) : format.day(at);
};

const labelOf = (format: Format, interval: TimelineInterval, at: string, timeZone: string): string => {
  if (interval === 'HOUR') return format.hourOf(at);
  return interval === 'MONTH'
    ? format.monthName(dayOf(new Date(at), timeZone).slice(0, 7), 'short')
    : format.dayAndMonth(at);
};

export interface TimelineProps {
  title: string;
  className?: string;
  points: readonly Point[];
  /** What is drawn behind, and its name. */
  before?: { name: string; points: readonly Point[] };
  period: PeriodPartsFragment;
  total: Money;
  interval: TimelineInterval;
}

/** What was paid, bucket by bucket. */
export function Timeline(props: TimelineProps): ReactNode {
  const { title, className = '', points, before: behind, period, total, interval } = props;
  const { words, plural } = useSpeech();
  const format = useFormat();
  const slots = useMemo(
    () => slotsOf(points, behind?.points ?? [], interval, period),
    [points, behind?.points, interval, period],
  );
  const { timeZone } = period;
  const { currency } = total;
  const nowName = behind ? words.thisPeriod : words.cost;
  const beforeName = behind?.name;
  const describe = useCallback(
    ({ cost, messages }: Point) => `${format.money(cost)} · ${plural(words.messagesCount, messages)}`,
    [format, plural, words],
  );
  const columns = useMemo(
    () =>
      slots.map(
        ({ at, point, before }): Column => ({
          key: at,
          label: labelOf(format, interval, at, timeZone),
          value: point && microsOf(point.cost),
          before: before && microsOf(before.cost),
        }),
      ),
    [slots, format, interval, timeZone],
  );
  const axis = useMemo(() => moneyAxis(amountsOf(columns), currency, format), [columns, currency, format]);
  const tell = useCallback(
    (index: number): Told => {
      const { at = '', point, before } = slots[index] ?? {};
      const rows = [];
      if (point) rows.push({ name: nowName, value: describe(point) });
      if (before)
        rows.push({
          name: `${beforeName}, ${titleOf(format, interval, before.from)}`,
          value: describe(before),
        });
      return { title: titleOf(format, interval, at), rows };
    },
    [slots, format, interval, describe, nowName, beforeName],
  );
  const money = format.moneyLike(
    slots.flatMap(({ point, before }) => [point, before]).flatMap((at) => (at ? [at.cost] : [])),
  );
  const top = highest(points);
  const summary = words.timelineSummary(
    format.period(period.from, period.to),
    format.money(total),
    top ? `${titleOf(format, interval, top.from)}, ${describe(top)}` : words.nothingYet,
  );
  return (
    <Plot title={title} summary={summary} className={className} columns={columns} axis={axis} tell={tell}>
      <table>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{words.when}</th>
            <th scope="col" className="number">
              {nowName}
            </th>
            <th scope="col" className="number">
              {words.messages}
            </th>
            {behind && (
              <th scope="col" className="number">
                {beforeName}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {slots.map(({ at, point, before }) => (
            <tr key={at}>
              <th scope="row">{titleOf(format, interval, at)}</th>
              <td className="number">{point ? money(point.cost) : '–'}</td>
              <td className="number">{point ? format.count(point.messages) : '–'}</td>
              {behind && <td className="number">{before ? money(before.cost) : '–'}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </Plot>
  );
}

/** Which colour is which. */
export function TimelineKeys({ beforeName }: { beforeName: string }): ReactNode {
  const { words } = useSpeech();
  return (
    <p className="keys muted small" aria-hidden="true">
      <i className="key-now" /> {words.thisPeriod}
      <i className="key-before" /> {beforeName}
    </p>
  );
}

const amountsOf = (columns: readonly Column[]): number[] =>
  columns.flatMap(({ value = 0, before = 0 }) => [value, before]);

const micros = (cost: Money): bigint => BigInt(microsOf(cost));

function highest(points: readonly Point[]): Point | undefined {
  return points.reduce<Point | undefined>(
    (top, point) => (point.messages > 0 && (!top || micros(point.cost) > micros(top.cost)) ? point : top),
    undefined,
  );
}
