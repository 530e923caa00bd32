// Arguments that several fields take, and the sentences that describe them.
import type { ArgOptions } from 'type-graphql';

/** How many rows a page has when the caller doesn't say. */
export const DEFAULT_FIRST = 50;

export const WORKSPACE_ID = {
  description: 'Which workspace. The token must be for it.',
} satisfies ArgOptions;

export const PERIOD = {
  nullable: true,
  description: 'Which period. Default: THIS_MONTH.',
} satisfies ArgOptions;

export const TIME_ZONE = {
  nullable: true,
  description: "Whose days, weeks and months cut the period. Default: the workspace's zone.",
} satisfies ArgOptions;

export const FIRST = {
  nullable: true,
  defaultValue: DEFAULT_FIRST,
  description: 'How many rows, 1 to 100.',
} satisfies ArgOptions;

export const AFTER = {
  nullable: true,
  description:
    'A cursor of this list: the rows behind it. It carries the other arguments, which may be left out beside it.',
} satisfies ArgOptions;

export const CUSTOMER_ID = {
  nullable: true,
  description: 'Only this customer. Default: all.',
} satisfies ArgOptions;
