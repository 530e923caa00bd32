// One plot: drawn by ECharts, named for screen readers, with its figures as a table behind it.
import type { EChartsCoreOption, EChartsType } from 'echarts/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useWords } from '../i18n/language';
import { amountOf } from '../lib/decimal';
import type { Format } from '../lib/format';
import { useAppearance } from '../lib/theme';
import { loadPlots, type PlotLibrary } from './load';

export interface Colours {
  ink: string;
  muted: string;
  line: string;
  accent: string;
  before: string;
  beforeFill: string;
}

interface PlotProps {
  /** What a screen reader says in place of the picture. */
  label: string;
  className?: string;
  draw: (colours: Colours) => EChartsCoreOption;
  /** The same figures as a table. */
  children: ReactNode;
}

/** On paper, in CSS pixels; print.css fits it to the sheet. Three dots a pixel, since paper shows them. */
const PAPER = { renderer: 'canvas', width: 720, height: 210, devicePixelRatio: 3 } as const;

export function Plot({ label, className = '', draw, children }: PlotProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const paper = useRef<HTMLDivElement>(null);
  const [library, setLibrary] = useState<PlotLibrary>();
  const [chart, setChart] = useState<EChartsType>();
  const appearance = useAppearance();
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let made: EChartsType | undefined;
    let left = false;
    const resized = new ResizeObserver(() => made?.resize());
    // Drawn when it is about to be seen: a phone shows one plot at a time.
    const seen = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        seen.disconnect();
        void start();
      },
      { rootMargin: '200px' },
    );
    const start = async (): Promise<void> => {
      const plots = await loadPlots();
      if (left) return;
      made = plots.init(element, null, { renderer: 'canvas' });
      resized.observe(element);
      setChart(made);
    };
    loadPlots()
      .then((plots) => {
        if (left) return;
        setLibrary(plots);
        seen.observe(element);
      })
      // The table is there without it.
      .catch(() => undefined);
    return () => {
      left = true;
      seen.disconnect();
      resized.disconnect();
      made?.dispose();
      setChart(undefined);
    };
  }, []);
  useEffect(() => {
    if (!chart || chart.isDisposed()) return;
    chart.setOption({ animation: false, ...draw(PALETTES[appearance]) });
  }, [chart, draw, appearance]);
  useEffect(() => {
    const element = paper.current;
    if (!library || !element) return;
    let made: EChartsType | undefined;
    return onPaper(
      () => {
        made ??= library.init(element, null, PAPER);
        made.setOption({ animation: false, ...draw(PALETTES.light) });
        // No frame comes before the sheet is laid out.
        made.getZr().flush();
      },
      () => {
        made?.dispose();
        made = undefined;
      },
    );
  }, [library, draw]);
  return (
    <>
      <div role="img" aria-label={label} data-drawn={chart !== undefined}>
        <div className={`plot ${className}`} ref={box} />
        <div className="plot-on-paper" ref={paper} />
      </div>
      <Behind label={label}>{children}</Behind>
    </>
  );
}

function onPaper(before: () => void, after: () => void): () => void {
  addEventListener('beforeprint', before);
  addEventListener('afterprint', after);
  return () => {
    removeEventListener('beforeprint', before);
    removeEventListener('afterprint', after);
    after();
  };
}

/** A plot's figures as a table. */
export function Behind({ label, children }: { label: string; children: ReactNode }): ReactNode {
  const words = useWords();
  const [open, setOpen] = useState(false);
  return (
    <details className="behind no-print" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{words.asTable}</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="scroll" tabIndex={0} aria-label={`${words.asTable}: ${label}`}>
          {children}
        </section>
      )}
    </details>
  );
}

/** As --ink and so on in base.css: a canvas takes no variables. */
const PALETTES: Record<'light' | 'dark', Colours> = {
  light: {
    ...{ ink: '#1b1d1c', muted: '#5a5f5c', line: '#dfded7', accent: '#0b6b57' },
    ...{ before: '#a3aaa6', beforeFill: 'rgba(163, 170, 166, 0.22)' },
  },
  dark: {
    ...{ ink: '#eceeec', muted: '#a5aca8', line: '#323735', accent: '#4cc2a0' },
    ...{ before: '#6a726e', beforeFill: 'rgba(106, 114, 110, 0.28)' },
  },
};

/** What all plots look like. */
export const baseOption = (colours: Colours, labels: readonly string[]): EChartsCoreOption => ({
  textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colours.muted },
  grid: { left: 0, right: 8, top: 12, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
  xAxis: {
    type: 'category',
    data: labels,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.muted, hideOverlap: true },
  },
});

const TICKS = 4;

/** Between two ticks: 1, 2, 2.5 or 5 times a power of ten, and a whole number. */
export function stepOf(highest: number): number {
  const rough = Math.max(highest, 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((size) => size >= rough) ?? rough;
  return Math.max(1, Math.ceil(step));
}

/** `formatOf` gets the step, so that all ticks have one form. */
export function valueAxis(
  colours: Colours,
  highest: number,
  formatOf: (step: number) => (value: number) => string,
): object {
  const interval = stepOf(highest);
  return {
    type: 'value',
    interval,
    max: Math.max(1, Math.ceil(highest / interval)) * interval,
    axisLabel: { color: colours.muted, formatter: formatOf(interval) },
    splitLine: { lineStyle: { color: colours.line } },
  };
}

/** An amount's axis, in micro-units: as many decimals as its steps need. */
export const moneyAxis = (
  colours: Colours,
  highest: number,
  currency: string,
  format: Pick<Format, 'tickLike'>,
): object =>
  valueAxis(colours, highest, (step) => {
    const write = format.tickLike({ amount: amountOf(step), currency });
    return (micros) => write({ amount: amountOf(micros), currency });
  });

export const tooltip = (
  rowsOf: (index: number) => readonly TipRow[],
  titleOf: (index: number) => string,
) => ({
  trigger: 'axis',
  confine: true,
  className: 'plot-tip',
  backgroundColor: 'transparent',
  borderWidth: 0,
  padding: 0,
  extraCssText: 'box-shadow: none; white-space: normal; max-inline-size: min(22rem, 82vw)',
  axisPointer: { type: 'shadow', shadowStyle: { color: 'rgba(128, 128, 128, 0.12)' } },
  formatter: (params: unknown) => tip(params, rowsOf, titleOf),
});

export interface TipRow {
  name: string;
  value: string;
}

/** Elements rather than HTML text: nothing that a client is called can become markup. */
function tip(
  params: unknown,
  rowsOf: (index: number) => readonly TipRow[],
  titleOf: (index: number) => string,
): HTMLElement {
  const box = document.createElement('div');
  box.className = 'tip';
  const first: unknown = Array.isArray(params) ? params[0] : undefined;
  if (typeof first !== 'object' || first === null || !('dataIndex' in first)) return box;
  const index = Number(first.dataIndex);
  const title = document.createElement('strong');
  title.textContent = titleOf(index);
  box.append(title);
  for (const { name, value } of rowsOf(index)) {
    const row = document.createElement('div');
    const label = document.createElement('span');
    label.textContent = name;
    row.append(label, value);
    box.append(row);
  }
  return box;
}
