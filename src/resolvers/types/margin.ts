import { Field, ObjectType } from 'type-graphql';
import type { Margin as Row } from '../../services/analytics/margin';
import { GraphQLDecimal } from '../scalars/decimal';
import { Money } from './money';

@ObjectType('Margin', {
  description:
    'What was charged less what the turns cost. Costs are of all saved turns, charged or not, also of turns that were taken back; each is exact to a billionth of the currency and rounded once, here. margin = revenue - llmCost - channelCost, as shown.',
  simpleResolvers: true,
})
export class Margin {
  @Field(() => Money, { description: 'What was charged, less what was taken back.' })
  revenue!: Money;

  @Field(() => Money, { description: "What the models' tokens cost, of the turns whose price is known." })
  llmCost!: Money;

  @Field(() => Money, { description: 'What the channel took for the turns with a response.' })
  channelCost!: Money;

  @Field(() => Money, { description: 'What is left; below zero where the costs are higher.' })
  margin!: Money;

  @Field(() => GraphQLDecimal, {
    description:
      'The part of the turns with a response whose costs are all known, 0 to 1, rounded down to four decimals; below 1 margin is too high. The cost of the channel counts only in a workspace that has a price list for it.',
  })
  coverage!: string;

  static of(row: Row, currency: string): Margin {
    return {
      revenue: Money.of(row.revenueMicros, currency),
      llmCost: Money.of(row.llmMicros, currency),
      channelCost: Money.of(row.channelMicros, currency),
      margin: Money.of(row.marginMicros, currency),
      coverage: row.coverage,
    };
  }
}
