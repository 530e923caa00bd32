import { decideOutcome, TRACKING_OUTCOMES } from './tracking';

const ACTIVE = { activeChatbot: true };
const INACTIVE = { activeChatbot: false };

it.each([
  ['Ciao!', ACTIVE, 'TRACKED'],
  ['Ciao!', INACTIVE, 'INACTIVE_CUSTOMER'],
  ['Ciao!', undefined, 'UNKNOWN_CUSTOMER'],
  [null, ACTIVE, 'NO_RESPONSE'],
  [null, INACTIVE, 'NO_RESPONSE'],
  [null, undefined, 'NO_RESPONSE'],
  ['', ACTIVE, 'NO_RESPONSE'],
  [' \n\t', INACTIVE, 'NO_RESPONSE'],
])('the response %j of %j is %s: the first reason against charging wins', (response, customer, outcome) => {
  expect(decideOutcome(response, customer)).toBe(outcome);
});

it('the outcomes are those of the schema, in its order', () => {
  expect(TRACKING_OUTCOMES).toEqual([
    'TRACKED',
    'NO_RESPONSE',
    'UNKNOWN_CUSTOMER',
    'INACTIVE_CUSTOMER',
    'DEFERRED',
    'VOIDED',
  ]);
});
