import { Field, ObjectType } from 'type-graphql';
import { formatMicros } from '../../values/money';
import { GraphQLCurrencyCode } from '../scalars/currency-code';
import { GraphQLDecimal } from '../scalars/decimal';

/** The text is made in the constructor: an answer may have 2 000 amounts, and a resolver for each would take longer. */
@ObjectType('Money', { description: 'An amount of money, exact.', simpleResolvers: true })
export class Money {
  @Field(() => GraphQLDecimal, {
    description:
      'In units of the currency, with at least the currency\'s own decimals and no further trailing zeros: "0.125", "12.00".',
  })
  amount!: string;

  @Field(() => GraphQLCurrencyCode, { description: "The workspace's currency." })
  currency!: string;

  /** `micros` are millionths of the currency. */
  static of(micros: bigint, currency: string): Money {
    return { amount: formatMicros(micros, currency), currency };
  }
}
