import { ArgsType, Field, ID, Int, ObjectType } from 'type-graphql';
import type { EventRow, EventType } from '../../services/signals/events';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLJSON } from '../scalars/json';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { AFTER, FIRST, WORKSPACE_ID } from './arguments';
import { connectionOf } from './connection';
import { EventTypeEnum } from './enums';

@ObjectType('Event', {
  description: 'Something that happened that somebody may want to hear of. Never changed; kept for 400 days.',
  simpleResolvers: true,
})
export class Event {
  @Field(() => ID, { description: 'A UUID; unique in its workspace.' })
  id!: string;

  @Field(() => GraphQLSafeInt, { description: 'Grows by one in its workspace.' })
  sequence!: bigint;

  @Field(() => EventTypeEnum, { description: 'What happened.' })
  type!: EventType;

  @Field(() => GraphQLDateTime, { description: 'When it was noticed, or done.' })
  occurredAt!: Date;

  @Field(() => GraphQLJSON, {
    description:
      "As it is sent: type, timestamp, workspaceId, sequence and data, which holds ids, figures and instants, never a customer's words, name or number.",
  })
  data!: unknown;

  static of({ id, sequence, type, occurredAt, body }: EventRow): Event {
    return { id, sequence, type, occurredAt, data: JSON.parse(body) };
  }
}

export const EventConnection = connectionOf('Event', () => Event, 'the events');

@ArgsType()
export class EventsArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => [EventTypeEnum], { nullable: true, description: 'Only these. Default: all.' })
  types?: EventType[] | null;

  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, AFTER)
  after?: string | null;
}
