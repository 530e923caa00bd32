// Where a plot's ticks and labels stand: arithmetic alone.
import { amountOf, MICRO_PLACES } from '../lib/decimal';
import type { Format } from '../lib/format';

/** The value axis: its end, and what is written beside it, from the top. */
export interface Axis {
  top: number;
  ticks: readonly string[];
}

const TICKS = 4;

/** Between two ticks: 1, 2, 2.5 or 5 times a power of ten, and a whole number. */
function stepOf(highest: number): number {
  const rough = Math.max(highest, 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const sizes = [1, 2, 2.5, 5, 10].map((times) => times * power);
  return sizes.find((size) => size >= rough && Number.isInteger(size)) ?? Math.ceil(rough);
}

/** `formatOf` gets the step, so that all ticks have one form. No step is finer than `unit`. */
export function axisOf(
  highest: number,
  formatOf: (step: number) => (value: number) => string,
  unit = 1,
): Axis {
  const step = stepOf(highest / unit) * unit;
  const steps = Math.max(1, Math.ceil(highest / step));
  const write = formatOf(step);
  return {
    top: steps * step,
    ticks: Array.from({ length: steps + 1 }, (_, index) => write((steps - index) * step)),
  };
}

/**
 * The axis of amounts in micro-units. Its steps are no finer than the currency's own unit (a yen, a cent) unless an
 * amount is, and have as many decimals as they need.
 */
export function moneyAxis(
  amounts: readonly number[],
  currency: string,
  format: Pick<Format, 'tickLike' | 'currencyDigits'>,
): Axis {
  const own = 10 ** (MICRO_PLACES - format.currencyDigits(currency));
  const unit = amounts.every((amount) => amount % own === 0) ? own : 1;
  const formatOf = (step: number) => {
    const write = format.tickLike({ amount: amountOf(step), currency });
    return (micros: number) => write({ amount: amountOf(micros), currency });
  };
  return axisOf(Math.max(0, ...amounts), formatOf, unit);
}

/** Widths in rem that the axis has at least, each with the class of the labels that are shown there (page.css). */
const WIDTHS = [
  [12, 'narrow'],
  [25, 'middle'],
  [45, 'wide'],
] as const;
const EVERY = [1, 2, 3, 4, 6, 7, 8, 12, 14, 24, 28];
/** The width of a character of a label in rem, and the gap between two labels. */
const CHARACTER = 0.44;
const GAP = 0.6;

/** The classes of each label: so many of them as have room, from the first on, none of them cut at the end. */
export function sizesOf(labels: readonly string[]): string[] {
  const longest = Math.max(1, ...labels.map(({ length }) => length)) * CHARACTER;
  const count = labels.length;
  const shown = WIDTHS.map(([width, name]) => {
    const needed = Math.ceil((count * (longest + GAP)) / width);
    const every = EVERY.find((size) => size >= needed) ?? needed;
    return (index: number) =>
      index % every === 0 && ((count - index - 0.5) / count) * width >= longest / 2 ? name : '';
  });
  return labels.map((_, index) =>
    shown
      .map((name) => name(index))
      .filter((name) => name !== '')
      .join(' '),
  );
}
