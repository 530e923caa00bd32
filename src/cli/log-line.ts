// One line of the log for a person at a terminal: time, level, message and fields.
import { styleText } from 'node:util';

export type Style = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Uses colours unless NO_COLOR is set or the terminal has none. */
export function styleFor({ NO_COLOR, TERM }: NodeJS.ProcessEnv = process.env): Style {
  const isPlain = (NO_COLOR ?? '') !== '' || TERM === 'dumb';
  return isPlain ? (_format, text) => text : styleText;
}

const LEVELS: Readonly<Record<number, readonly [string, Parameters<typeof styleText>[0]]>> = {
  10: ['trace', 'dim'],
  20: ['debug', 'dim'],
  30: ['info', 'green'],
  40: ['warn', 'yellow'],
  50: ['error', 'red'],
  60: ['fatal', 'red'],
};

/** `line` is one of pino's; any other text is printed unchanged. */
export function printLogLine(line: string, style: Style): string {
  const entry = parse(line);
  if (entry === undefined) return line;
  const { level, time, msg, pid: _pid, hostname: _hostname, ...rest } = entry;
  const [name, format] = LEVELS[Number(level)] ?? ['info', 'green'];
  const { words, left } = msg === 'request' ? request(rest) : { words: String(msg ?? ''), left: rest };
  const stacks: string[] = [];
  const details = Object.entries(left).flatMap(([key, value]) => {
    const stack = stackOf(value);
    if (stack !== undefined) stacks.push(stack);
    return value === undefined ? [] : [`${style('dim', `${key}=`)}${printValue(value)}`];
  });
  const head = `${style('dim', clockTime(Number(time)))} ${style(format, name.padEnd(5))} ${words}`;
  return `${[head, ...details].join('  ')}\n${stacks.map((stack) => `${stack}\n`).join('')}`;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? { ...entry } : undefined;
  } catch {
    return undefined;
  }
}

/** A request's most important fields come first, its id last. */
function request(entry: Record<string, unknown>): { words: string; left: Record<string, unknown> } {
  const { method, path, status, durationMs, requestId, ...rest } = entry;
  return { words: `${method} ${path} ${status} ${durationMs} ms`, left: { ...rest, requestId } };
}

function printValue(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const { stack: _stack, ...rest } = { stack: undefined, ...value };
  return JSON.stringify(Array.isArray(value) ? value : rest);
}

function stackOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('stack' in value)) return undefined;
  return typeof value.stack === 'string' ? value.stack.replace(/^/gm, '    ') : undefined;
}

/** This machine's local time, to the second. */
function clockTime(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}
