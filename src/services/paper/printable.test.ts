import { printable, SUBSTITUTE, visualPieces } from './printable';

/** A font of letters without Chinese, emoji and most marks. */
const has = (codePoint: number): boolean => codePoint < 0x700 && codePoint !== 0x35c;

it.each([
  ['Zoë O’Neil', 'Zoë O□Neil', false],
  ['Mario  Rossi\n\tsecond ', 'Mario Rossi second', true],
  ['王小明 Li', '□□□ Li', false],
  ['a👩‍👩‍👧b👋🏽', 'a□b□', false],
  ['\u202eabc\u200b\u0007\u00ad\u2066', 'abc', true],
  ['e\u0301', 'é', true],
  ['q\u0301\u0302\u0303\u0304', 'q\u0301\u0302', false],
  ['q\u035c', 'q', false],
  ['\u2800\u3164', '', true],
  ['', '', true],
])('shows %j as %j', (text, shown, whole) => {
  expect(printable(text, has)).toEqual({ text: shown, whole });
});

it('keeps joiners and non-joiners between Arabic letters, and drops them elsewhere', () => {
  const all = () => true;
  expect(printable('می\u200cخواهم', all).text).toBe('می\u200cخواهم');
  expect(printable('ab\u200cc\u200dd', all).text).toBe('abcd');
  expect(SUBSTITUTE).toHaveLength(1);
});

it.each([
  ['Mario Rossi (2)', 'Mario Rossi (2)'],
  // Hebrew goes from right to left, also word by word; the digits of a number stay in order, brackets are mirrored.
  ['אב גד', 'גד| |אב'],
  ['Rossi אב 12', 'Rossi |12| |אב'],
  ['אב (12)', '(|12|) |אב'],
  ['אב Rossi גד', 'גד| |Rossi| |אב'],
])('orders %j from left to right', (line, pieces) => {
  expect(visualPieces(line).join('|')).toBe(pieces);
});
