import { ArgsType, Field, ID, Int, ObjectType } from 'type-graphql';
import type { EventRow, EventType } from '../../services/signals/event-types';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLJSON } from '../scalars/json';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { AFTER, FIRST, WORKSPACE_ID } from './arguments';
import { connectionOf } from './connection';
import { EventTypeEnum } from './enums';

@ObjectType('Event', {
  description:
    "Something that was reported: a budget's threshold or forecast, a closed month, a charge taken back. Never changed; kept for 400 days.",
  simpleResolvers: true,
})
export class Event {
  @Field(() => ID, { description: 'A UUID; unique in its workspace.' })
  id!: string;

  @Field(() => GraphQLSafeInt, {
    description: "The event's number in its workspace; the next event has the next number.",
  })
  sequence!: bigint;

  @Field(() => EventTypeEnum, { description: 'What happened.' })
  type!: EventType;

  @Field(() => GraphQLDateTime, { description: 'When the server noticed or did it.' })
  occurredAt!: Date;

  @Field(() => GraphQLJSON, {
    description:
      "The event as it is sent: type, timestamp, workspaceId, sequence and data. data holds ids, figures and instants, never a customer's words, name or number.",
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

  @Field(() => [EventTypeEnum], { nullable: true, description: 'Only these types. Default: all.' })
  types?: EventType[] | null;

  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, AFTER)
  after?: string | null;
}
