import fc from 'fast-check';
import { parsePhone } from './phone';

const digits = fc.stringMatching(/^[1-9][0-9]{6,14}$/);

describe('parsePhone', () => {
  test.each([
    '+393331234567',
    '393331234567',
    '+39 333 123 4567',
    '39-333-123-4567',
    '+39 (333) 123.4567',
    '(+39) 333 1234567',
    ' +39\u00a0333\u2011123\u20134567 ',
  ])('reads %j as +393331234567', (text) => {
    expect(parsePhone(text)).toBe('+393331234567');
  });

  test('takes 7 to 15 digits, no fewer and no more', () => {
    expect(parsePhone('1234567')).toBe('+1234567');
    expect(parsePhone('123456789012345')).toBe('+123456789012345');
    expect(() => parsePhone('123456')).toThrow(/7 to 15 digits/);
    expect(() => parsePhone('1234567890123456')).toThrow(/7 to 15 digits/);
  });

  test.each([
    '',
    '+',
    '0393331234567',
    '+0393331234567',
    '00393331234567',
    '++393331234567',
    '39+3331234567',
    '39333123456a',
    '+39/3331234567',
    'wa:393331234567',
    '٣٩٣٣٣١٢٣٤٥٦٧',
  ])('refuses %j', (text) => {
    expect(() => parsePhone(text)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });

  test("never repeats the customer's number in its message, since messages are logged", () => {
    expect(() => parsePhone('0393331234567')).toThrow(/^(?!.*0393331234567)/);
  });

  test('gives all ways of writing a number the same form, and keeps that form', () => {
    const separators = fc.array(fc.constantFrom(' ', '.', '-', '(', ')', ''), {
      minLength: 16,
      maxLength: 16,
    });
    fc.assert(
      fc.property(digits, separators, fc.boolean(), (number, between, plus) => {
        const written = [...number].map((digit, index) => `${between[index] ?? ''}${digit}`).join('');
        const parsed = parsePhone(`${plus ? '+' : ''}${written}`);
        expect(parsed).toBe(`+${number}`);
        expect(parsePhone(parsed)).toBe(parsed);
      }),
    );
  });
});
