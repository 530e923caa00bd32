import { shareOf } from './share';

it.each([
  [1n, 4n, '0.25'],
  [1n, 3n, '0.3333'],
  [2n, 3n, '0.6667'],
  [1n, 2n, '0.5'],
  [7n, 7n, '1'],
  [10n, 1n, '10'],
  [0n, 9n, '0'],
  [0n, 0n, '0'],
  [1n, 100_000n, '0'],
  [1n, 1_000n, '0.001'],
])('%s of %s is the share %s', (part, total, share) => {
  expect(shareOf(part, total)).toBe(share);
});
