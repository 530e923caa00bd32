import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { EventType } from '../../services/signals/event-types';
import type { Delivery, DeliveryState } from '../../services/signals/webhook-deliveries';
import type { NewWebhook, WebhookChange, WithSecret } from '../../services/signals/webhook-service';
import type { Webhook as WebhookModel, WebhookState } from '../../services/signals/webhooks';
import { GraphQLDateTime } from '../scalars/date-time';
import { AFTER, FIRST, WORKSPACE_ID } from './arguments';
import { connectionOf } from './connection';
import { EventTypeEnum, WebhookDeliveryStateEnum, WebhookStateEnum } from './enums';
import { Event } from './event';

@ObjectType('Webhook', {
  description: 'An address that events are sent to, signed according to Standard Webhooks 1.0.',
  simpleResolvers: true,
})
export class Webhook {
  @Field(() => ID, { description: 'A UUID; unique in its workspace.' })
  id!: string;

  @Field(() => String, {
    description: 'The address that events are sent to. It is a secret: anybody who knows it can send there.',
  })
  url!: string;

  @Field(() => [EventTypeEnum], { description: 'The types of events that are sent.' })
  events!: EventType[];

  @Field(() => WebhookStateEnum, { description: 'Whether events are sent.' })
  state!: WebhookState;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Since when deliveries have failed; null while they succeed.',
  })
  failingSince!: Date | null;

  workspaceId!: string;

  static of({ id, url, events, state, failingSince, workspaceId }: WebhookModel): Webhook {
    return { id, url, events, state, failingSince, workspaceId };
  }
}

@ObjectType('WebhookDelivery', {
  description: 'One event for one webhook. It is deleted with its event, after 400 days.',
  simpleResolvers: true,
})
export class WebhookDelivery {
  @Field(() => ID, { description: "The webhook's id and the event's, with a dot between." })
  id!: string;

  @Field(() => Event, { description: 'What is sent. Its id is the webhook-id of each try.' })
  event!: Event;

  @Field(() => WebhookDeliveryStateEnum, { description: 'The state of the delivery.' })
  state!: DeliveryState;

  @Field(() => Int, { description: 'Tries so far, the running one included; at most ten.' })
  attempts!: number;

  @Field(() => Int, { nullable: true, description: 'The HTTP status of the last try; null: no answer.' })
  lastStatus!: number | null;

  @Field(() => String, {
    nullable: true,
    description: "Why the last try failed, in Centesimo's words; null when it did not.",
  })
  lastError!: string | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it is tried next at the earliest; null when it is not.',
  })
  nextAttemptAt!: Date | null;

  static of(delivery: Delivery): WebhookDelivery {
    const { webhookId, event, state, attempts, lastStatus, lastError, nextAttemptAt } = delivery;
    return {
      ...{ id: `${webhookId}.${event.id}`, event: Event.of(event), state, attempts },
      ...{ lastStatus, lastError, nextAttemptAt },
    };
  }
}

export const WebhookDeliveryConnection = connectionOf(
  'WebhookDelivery',
  () => WebhookDelivery,
  'the deliveries',
);

@ObjectType('CreateWebhookPayload', {
  description: 'A webhook with its new secret.',
  simpleResolvers: true,
})
export class CreateWebhookPayload {
  @Field(() => Webhook, { description: 'The webhook.' })
  webhook!: Webhook;

  @Field(() => String, { description: 'whsec_…, shown this once: what the receiver verifies calls with.' })
  secret!: string;

  static of({ webhook, secret }: WithSecret): CreateWebhookPayload {
    return { webhook: Webhook.of(webhook), secret };
  }
}

@InputType('CreateWebhookInput', { description: 'A webhook to make. A workspace has at most 20.' })
export class CreateWebhookInput implements NewWebhook {
  @Field(() => ID, { description: 'Whose events.' })
  workspaceId!: string;

  @Field(() => String, {
    description:
      'https, without user and password, to a host outside of the own network; or to a host that the operator allowed.',
  })
  url!: string;

  @Field(() => [EventTypeEnum], { description: 'Which events; at least one type.' })
  events!: EventType[];
}

@InputType('UpdateWebhookInput', {
  description: 'Changes of a webhook; fields that are left out stay unchanged.',
})
export class UpdateWebhookInput implements WebhookChange {
  @Field(() => ID, { description: 'In which workspace.' })
  workspaceId!: string;

  @Field(() => ID, { description: 'Which webhook.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Where events are sent from now on.' })
  url?: string | null;

  @Field(() => [EventTypeEnum], { nullable: true, description: 'Which events from now on.' })
  events?: EventType[] | null;

  @Field(() => WebhookStateEnum, {
    nullable: true,
    description: 'ACTIVE, which also sends what was held, or PAUSED.',
  })
  state?: WebhookState | null;
}

@ArgsType()
export class WebhookArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => ID, { description: 'Which webhook.' })
  id!: string;
}

@ArgsType()
export class RedeliverEventArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => ID, { description: 'To which webhook.' })
  webhookId!: string;

  @Field(() => ID, { description: 'Which event, of whatever type and age.' })
  eventId!: string;
}

@ArgsType()
export class DeliveriesArgs {
  @Field(() => WebhookDeliveryStateEnum, { nullable: true, description: 'Only these. Default: all.' })
  state?: DeliveryState | null;

  @Field(() => Int, FIRST)
  first?: number | null;

  @Field(() => String, AFTER)
  after?: string | null;
}
