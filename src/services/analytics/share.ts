import { formatRatio } from '../../values/money';

/** The fraction of a total, 0 to 1, at most four decimals; "0" when the total is 0. */
export const shareOf = (part: bigint, total: bigint): string =>
  total === 0n ? '0' : formatRatio(part, total, 4).replace(/\.?0+$/, '');
