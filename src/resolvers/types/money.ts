import { Field, ObjectType } from 'type-graphql';
import { formatMicros } from '../../values/money';
import { GraphQLCurrencyCode } from '../scalars/currency-code';
import { GraphQLDecimal } from '../scalars/decimal';

/** Printed when it is made: as many as 2 000 in one answer, and a resolver for each would cost more than that. */
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
