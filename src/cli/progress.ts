/** Counts up on one line of a terminal; says nothing where nobody watches. */
export function progressLine(label: string): (done: number, of: number) => void {
  if (!process.stderr.isTTY) return () => undefined;
  return (done, of) => process.stderr.write(`\r${label} ${done} of ${of}${done >= of ? '\n' : ''}`);
}
