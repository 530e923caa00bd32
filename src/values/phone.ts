// Phone numbers in E.164 form.
import { badInput } from '../errors';

/**
 * "+39 333 123 4567", or WhatsApp's "393331234567", -> "+393331234567": 7 to 15 digits without a leading zero. Spaces,
 * dots, dashes and parentheses are dropped. The numbering plans of countries are not checked. Throws BAD_USER_INPUT,
 * which does not repeat the number.
 */
export function parsePhone(text: string): string {
  const digits = text.replace(/[\s().\u2010-\u2015-]/g, '').replace(/^\+/, '');
  if (!/^[1-9]\d{6,14}$/.test(digits)) {
    throw badInput(
      'A phone number has 7 to 15 digits, country code first, without a leading zero: +393331234567 or 393331234567.',
    );
  }
  return `+${digits}`;
}
