import { parsePhone } from '../../values/phone';
import { printText, textScalar } from './text-scalar';

export const GraphQLPhoneNumber = textScalar<string | null>({
  name: 'PhoneNumber',
  description:
    "A phone number in E.164 form, such as +393331234567. Input may also be WhatsApp's form without the plus (393331234567) and may contain spaces, dots, dashes and parentheses; blank is the same as null.",
  // An n8n expression without a result gives empty text.
  parse: (text) => (text.trim() === '' ? null : parsePhone(text)),
  print: printText,
});
