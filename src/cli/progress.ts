import { standard, tell } from './streams';

/** Counts up on one line of a terminal; says nothing where nobody watches. */
export function progressLine(label: string): (done: number, of: number) => void {
  if (!standard('stderr').isTTY) return () => undefined;
  return (done, of) => tell(`\r${label} ${done} of ${of}${done >= of ? '\n' : ''}`);
}
