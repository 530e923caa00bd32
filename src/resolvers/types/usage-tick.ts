import { Field, ObjectType } from 'type-graphql';
import { GraphQLDateTime } from '../scalars/date-time';

@ObjectType('UsageTick', {
  description: 'A sign that something was saved; the figures are asked for by a query.',
  simpleResolvers: true,
})
export class UsageTick {
  @Field(() => GraphQLDateTime, { description: 'When it was sent, by the server.' })
  asOf!: Date;
}
