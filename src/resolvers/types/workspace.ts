import { Field, ID, ObjectType } from 'type-graphql';
import { GraphQLCurrencyCode } from '../scalars/currency-code';
import { GraphQLTimeZone } from '../scalars/time-zone';

@ObjectType('Workspace', {
  description: 'A business: whose customers write, whose turns are charged, in which zone and currency.',
  simpleResolvers: true,
})
export class Workspace {
  @Field(() => ID, { description: 'The id that its operator gave it, such as workspace-123.' })
  id!: string;

  @Field(() => String, { description: 'What people call it.' })
  name!: string;

  @Field(() => GraphQLTimeZone, {
    description:
      'Days, weeks, months and hours of the day are those of this zone, unless a query gives another.',
  })
  timeZone!: string;

  @Field(() => GraphQLCurrencyCode, { description: 'The currency of all its amounts; fixed at creation.' })
  currency!: string;

  /** Micro-units; shown as pricePerResponse. */
  priceMicros!: bigint;
}
