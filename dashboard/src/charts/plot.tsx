// One plot: columns drawn by the browser's own layout, named for screen readers, told column by column to a pointer, a
// finger and the keyboard, with its figures as a table behind it. All sizes are parts of the whole, so that paper and
// phones need no drawing of their own.
import {
  type CSSProperties,
  memo,
  type PointerEvent,
  type ReactNode,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useWords } from '../i18n/language';
import { type Axis, sizesOf } from './axis';

/** One place on the axis. */
export interface Column {
  key: string | number;
  /** Below the axis, where there is room for it. */
  label: string;
  /** The bar; undefined: what is still to come. */
  value: number | undefined;
  /** What stands behind the bar. */
  before?: number | undefined;
  /** Drawn less than the others. */
  faint?: boolean;
}

/** What one column tells. */
export interface Told {
  title: string;
  rows: readonly { name: string; value: string }[];
}

export const NOTHING: Told = { title: '', rows: [] };

interface PlotProps {
  title: string;
  /** What the picture shows, in words. */
  summary: string;
  className?: string;
  columns: readonly Column[];
  axis: Axis;
  /** Of a column that there is. */
  tell: (index: number) => Told;
  /** The same figures as a table. */
  children: ReactNode;
}

export function Plot(props: PlotProps): ReactNode {
  const { title, summary, className = '', columns, axis, tell, children } = props;
  const words = useWords();
  const label = words.plotOf(title, summary);
  return (
    <>
      <div className={`plot ${className}`}>
        <Picture label={label} columns={columns} axis={axis} />
        <Reader title={title} count={columns.length} tell={tell} />
      </div>
      <Behind label={label}>{children}</Behind>
    </>
  );
}

type Variables = CSSProperties & Record<`--${string}`, number>;

const Picture = memo(function Picture(props: {
  label: string;
  columns: readonly Column[];
  axis: Axis;
}): ReactNode {
  const { label, columns, axis } = props;
  const { top, ticks } = axis;
  const sizes = useMemo(() => sizesOf(columns.map((column) => column.label)), [columns]);
  const share = (value: number): Variables => ({ '--share': value / top });
  return (
    <div role="img" aria-label={label} className="picture">
      <div className="ticks">
        {ticks.map((tick) => (
          <span key={tick}>{tick}</span>
        ))}
      </div>
      <div className="field">
        <div className="lines">
          {ticks.map((tick) => (
            <i key={tick} />
          ))}
        </div>
        <Before columns={columns} top={top} />
        <div className="bars">
          {columns.map(({ key, value = 0, faint }) => (
            <i key={key} className={faint ? 'faint' : ''} style={share(value)} />
          ))}
        </div>
      </div>
      <div className="labels">
        {columns.map(({ key, label }, index) => {
          const at: CSSProperties = { insetInlineStart: `${(100 * (index + 0.5)) / columns.length}%` };
          return sizes[index] === '' ? null : (
            <span key={key} className={sizes[index]} style={at}>
              {label}
            </span>
          );
        })}
      </div>
    </div>
  );
});

const HEIGHT = 1000;

/** Steps behind the bars, as wide as their columns. */
function Before({ columns, top }: { columns: readonly Column[]; top: number }): ReactNode {
  let line = '';
  let area = '';
  columns.forEach(({ before }, index) => {
    if (before === undefined) return;
    const y = HEIGHT * (1 - before / top);
    line += `${columns[index - 1]?.before === undefined ? 'M' : 'L'}${index} ${y}H${index + 1}`;
    area += `M${index} ${HEIGHT}V${y}h1V${HEIGHT}z`;
  });
  if (line === '') return null;
  return (
    <svg viewBox={`0 0 ${columns.length} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path className="area" d={area} />
      <path className="line" d={line} />
    </svg>
  );
}

/** Which column is told: the one below the pointer or the finger, or the one that arrow keys have come to. */
function Reader(props: { title: string; count: number; tell: (index: number) => Told }): ReactNode {
  const { title, count, tell } = props;
  const input = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<number>();
  // The browser would take a slider's value from where the pointer is, by its thumb's size.
  const held = useRef(false);
  const index = chosen === undefined ? undefined : Math.min(chosen, count - 1);
  const told = index === undefined ? undefined : tell(index);
  const place: Variables = { '--at': index === undefined ? 0 : (index + 0.5) / count, '--count': count };
  const choose = ({ clientX, currentTarget }: PointerEvent): void => {
    const { left, width } = currentTarget.getBoundingClientRect();
    setChosen(Math.max(0, Math.min(count - 1, Math.floor(((clientX - left) / width) * count))));
  };
  useEffect(() => {
    if (chosen === undefined) return;
    const leave = ({ target }: Event): void => {
      if (target !== input.current) setChosen(undefined);
    };
    addEventListener('pointerdown', leave);
    return () => removeEventListener('pointerdown', leave);
  }, [chosen]);
  return (
    <div className="plot-reader no-print" style={place}>
      {told && <i className="told" />}
      <input
        ref={input}
        type="range"
        aria-label={title}
        aria-valuetext={told ? textOf(told) : undefined}
        min={0}
        max={Math.max(0, count - 1)}
        value={index ?? 0}
        onChange={({ target }) => {
          if (!held.current) setChosen(target.valueAsNumber);
        }}
        onFocus={() => setChosen((last) => last ?? 0)}
        onBlur={() => setChosen(undefined)}
        onPointerMove={choose}
        onPointerDown={(event) => {
          held.current = true;
          choose(event);
        }}
        onPointerUp={() => {
          held.current = false;
        }}
        onPointerCancel={() => {
          held.current = false;
        }}
        onPointerLeave={({ pointerType }) => {
          if (pointerType === 'mouse' && document.activeElement !== input.current) setChosen(undefined);
        }}
      />
      {told && (
        <div className="tip" aria-hidden="true">
          <strong>{told.title}</strong>
          {told.rows.map(({ name, value }) => (
            <div key={name}>
              <span>{name}</span>
              {value}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

const textOf = ({ title, rows }: Told): string =>
  [title, ...rows.map(({ name, value }) => `${name}: ${value}`)].join(', ');

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
