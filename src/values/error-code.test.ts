import { runInNewContext } from 'node:vm';
import { codeOf, isError } from './error-code';

const coded = (code: unknown): Error => Object.assign(new Error('x'), { code });
const ofAnotherRealm: unknown = runInNewContext("Object.assign(new Error('x'), { code: 'ENOSPC' })");

it.each([
  ['an error', new Error('x'), true],
  ['an error of another realm', ofAnotherRealm, true],
  ['an object like one', { message: 'x', code: 'ENOSPC' }, false],
  ['a text', 'ENOSPC', false],
  ['nothing', undefined, false],
])('%s: is it an error? %p', (_, value, expected) => {
  expect(isError(value)).toBe(expected);
});

it.each([
  ['the code of an error', coded('28P01'), '28P01'],
  ['that of an error of another realm', ofAnotherRealm, 'ENOSPC'],
  ['none of an error without one', new Error('x'), undefined],
  ['none of an error whose code is a number', coded(7), undefined],
  ['none of an object that is no error', { code: 'ENOSPC' }, undefined],
  ['none of nothing', null, undefined],
])('codeOf gives %s', (_, value, expected) => {
  expect(codeOf(value)).toBe(expected);
});
