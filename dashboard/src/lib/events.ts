// What an event holds, read with care: its body is frozen as it was sent, by whichever version sent it.
import { asDecimal, type Decimal } from './decimal';

export interface EventFacts {
  /** The text or number at this place of the event's data; undefined where there is none. */
  text(...path: string[]): string | undefined;
  /** The same as an exact number. */
  decimal(...path: string[]): Decimal | undefined;
}

export function factsOf(body: unknown): EventFacts {
  const text = (...path: string[]): string | undefined => {
    const value = ['data', ...path].reduce<unknown>(inside, body);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  return {
    text,
    decimal: (...path) => {
      const found = text(...path);
      return found === undefined ? undefined : asDecimal(found);
    },
  };
}

const inside = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
