import { Field, ID, ObjectType } from 'type-graphql';
import { GraphQLCurrencyCode } from '../scalars/currency-code';
import { GraphQLTimeZone } from '../scalars/time-zone';

@ObjectType('Workspace', {
  description: 'A business with its customers, time zone and currency.',
  simpleResolvers: true,
})
export class Workspace {
  @Field(() => ID, { description: 'The id that its operator gave it, such as workspace-123.' })
  id!: string;

  @Field(() => String, { description: 'Its name.' })
  name!: string;

  @Field(() => GraphQLTimeZone, {
    description:
      'The zone of its days, weeks, months and hours of the day, unless a query gives another zone.',
  })
  timeZone!: string;

  @Field(() => GraphQLCurrencyCode, { description: 'The currency of all its amounts; fixed at creation.' })
  currency!: string;

  /** Micro-units; shown as pricePerResponse. */
  priceMicros!: bigint;
}
