import { standard, tell } from './streams';

/** Shows a count on one line of a terminal; prints nothing elsewhere. */
export function progressLine(label: string): (done: number, of: number) => void {
  if (!standard('stderr').isTTY) return () => undefined;
  return (done, of) => tell(`\r${label} ${done} of ${of}${done >= of ? '\n' : ''}`);
}
