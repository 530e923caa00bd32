import { type ReactNode, useCallback, useMemo } from 'react';
import type { OverviewQuery, TimelineInterval } from '../gql/graphql';
import { useSpeech } from '../i18n/language';
import { addDays, addMonths, dayOf, startOf } from '../lib/dates';
import { type Money, microsOf } from '../lib/decimal';
import type { Format } from '../lib/format';
import { useFormat } from '../lib/format-context';
import { moneyAxis } from './axis';
import { type Column, Plot, type Told } from './plot';

type Point = OverviewQuery['usage']['timeline'][number];

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

export function Timeline(props: {
  data: OverviewQuery;
  interval: TimelineInterval;
  beforeName: string;
}): ReactNode {
  const { data, interval, beforeName } = props;
  const { usage, previous } = data;
  const { words, plural } = useSpeech();
  const format = useFormat();
  const slots = useMemo(
    () => slotsOf(usage.timeline, previous.timeline, interval, usage.period),
    [usage, previous, interval],
  );
  const { currency, timeZone } = usage.workspace;
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
    (index: number): Told => ({
      title: titleOf(format, interval, slots[index]?.at ?? ''),
      rows: rowsOf(slots[index], describe, words.thisPeriod, beforeName, format, interval),
    }),
    [slots, format, interval, describe, words, beforeName],
  );
  const money = format.moneyLike(
    slots.flatMap(({ point, before }) => [point, before]).flatMap((at) => (at ? [at.cost] : [])),
  );
  const top = highest(usage.timeline);
  const summary = words.timelineSummary(
    format.period(usage.period.from, usage.period.to),
    format.money(usage.totals.cost),
    top ? `${titleOf(format, interval, top.from)}, ${describe(top)}` : words.nothingYet,
  );
  return (
    <Plot
      title={words.costOverTime}
      summary={summary}
      className="tall"
      columns={columns}
      axis={axis}
      tell={tell}
    >
      <table>
        <caption className="visually-hidden">{words.costOverTime}</caption>
        <thead>
          <tr>
            <th scope="col">{words.when}</th>
            <th scope="col" className="number">
              {words.thisPeriod}
            </th>
            <th scope="col" className="number">
              {words.messages}
            </th>
            <th scope="col" className="number">
              {beforeName}
            </th>
          </tr>
        </thead>
        <tbody>
          {slots.map(({ at, point, before }) => (
            <tr key={at}>
              <th scope="row">{titleOf(format, interval, at)}</th>
              <td className="number">{point ? money(point.cost) : '–'}</td>
              <td className="number">{point ? format.count(point.messages) : '–'}</td>
              <td className="number">{before ? money(before.cost) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Plot>
  );
}

function rowsOf(
  slot: Slot | undefined,
  describe: (point: Point) => string,
  name: string,
  beforeName: string,
  format: Format,
  interval: TimelineInterval,
): { name: string; value: string }[] {
  const rows = [];
  if (slot?.point) rows.push({ name, value: describe(slot.point) });
  if (slot?.before) {
    const day = titleOf(format, interval, slot.before.from);
    rows.push({ name: `${beforeName}, ${day}`, value: describe(slot.before) });
  }
  return rows;
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
