import { Field, ObjectType } from 'type-graphql';
import type { BreakdownKind, BreakdownRow as Row } from '../../services/analytics/breakdown';
import { GraphQLDecimal } from '../scalars/decimal';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { BreakdownKindEnum } from './enums';
import { Money } from './money';

@ObjectType('BreakdownRow', {
  description:
    'The charged turns with one value of a property, or those of another kind (REST, OTHER, NONE).',
  simpleResolvers: true,
})
export class BreakdownRow {
  @Field(() => BreakdownKindEnum, { description: 'What the row counts.' })
  kind!: BreakdownKind;

  @Field(() => String, { nullable: true, description: 'The value; null unless kind is VALUE.' })
  value!: string | null;

  @Field(() => GraphQLSafeInt, { description: 'Charged turns.' })
  messages!: bigint;

  @Field(() => Money, { description: 'The sum of their charges.' })
  cost!: Money;

  @Field(() => GraphQLDecimal, {
    description: "The fraction of the period's cost, 0 to 1, at most four decimals.",
  })
  share!: string;

  static of({ kind, value, messages, costMicros, share }: Row, currency: string): BreakdownRow {
    return { kind, value, messages, cost: Money.of(costMicros, currency), share };
  }
}
