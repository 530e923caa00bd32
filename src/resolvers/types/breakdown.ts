import { Field, ObjectType } from 'type-graphql';
import type { BreakdownKind, BreakdownRow as Row } from '../../services/analytics/breakdown';
import { GraphQLDecimal } from '../scalars/decimal';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { BreakdownKindEnum } from './enums';
import { Margin } from './margin';
import { Money } from './money';

const TOKENS = 'Null unless broken down by MODEL, and in NONE.';

@ObjectType('BreakdownRow', {
  description:
    'The charged turns with one value of a property, or those of another kind (REST, OTHER, NONE). By MODEL a model of which no turn was charged has a row too, since it costs.',
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

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description: `All input tokens of the saved turns, the cached ones included. ${TOKENS}`,
  })
  inputTokens!: bigint | null;

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description: `Of these, read from a cache. ${TOKENS}`,
  })
  cachedInputTokens!: bigint | null;

  @Field(() => GraphQLSafeInt, { nullable: true, description: `All output tokens. ${TOKENS}` })
  outputTokens!: bigint | null;

  @Field(() => Margin, {
    nullable: true,
    description: 'What is left of cost. Null unless broken down by MODEL, and where no cost is known.',
  })
  margin!: Margin | null;

  static of(row: Row, currency: string): BreakdownRow {
    const { kind, value, messages, costMicros, share, tokens, margin } = row;
    return {
      ...{ kind, value, messages, share },
      cost: Money.of(costMicros, currency),
      inputTokens: tokens?.input ?? null,
      cachedInputTokens: tokens?.cachedInput ?? null,
      outputTokens: tokens?.output ?? null,
      margin: margin && Margin.of(margin, currency),
    };
  }
}
