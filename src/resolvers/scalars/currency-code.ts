import { badInput } from '../../errors';
import { isCurrency } from '../../values/money';
import { printText, textScalar } from './text-scalar';

export const GraphQLCurrencyCode = textScalar<string>({
  name: 'CurrencyCode',
  description: 'An ISO 4217 code, such as EUR.',
  parse(text) {
    if (isCurrency(text)) return text;
    throw badInput(
      `${JSON.stringify(text.slice(0, 8))} is not a currency. Write an ISO 4217 code, such as EUR.`,
    );
  },
  print: printText,
});
