import { Field, ObjectType } from 'type-graphql';
import { GraphQLDateTime } from '../scalars/date-time';

@ObjectType('UsageTick', {
  description: 'A signal that something was saved. Ask for the figures with a query.',
  simpleResolvers: true,
})
export class UsageTick {
  @Field(() => GraphQLDateTime, { description: 'When the server sent it.' })
  asOf!: Date;
}
