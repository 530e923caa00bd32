import { Field, ID, ObjectType } from 'type-graphql';
import type { MessageRow } from '../../services/analytics/records';
import type { SavedMessage } from '../../services/turns/saved-message';
import type { TrackingOutcome } from '../../services/turns/tracking';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLPhoneNumber } from '../scalars/phone-number';
import { connectionOf } from './connection';
import type { Customer } from './customer';
import { TrackingOutcomeEnum } from './enums';
import { Money } from './money';
import { UsageRecord } from './usage-record';
import type { Workspace } from './workspace';

@ObjectType('Tracking', {
  description: 'Whether a turn was charged, and why or why not.',
  simpleResolvers: true,
})
export class Tracking {
  @Field(() => TrackingOutcomeEnum, {
    description:
      'The outcome when the turn was saved: registering or activating a customer later charges nothing. VOIDED: the turn was charged, and the charge was taken back later.',
  })
  outcome!: TrackingOutcome;

  @Field(() => UsageRecord, {
    nullable: true,
    description: 'The charge; there is one when outcome is TRACKED or VOIDED.',
  })
  usage!: UsageRecord | null;
}

@ObjectType('Message', {
  description: 'One turn of a conversation: what the customer wrote and what the LLM answered.',
  simpleResolvers: true,
})
export class Message {
  @Field(() => ID, { description: 'A UUID; unique in its workspace.' })
  id!: string;

  @Field(() => GraphQLPhoneNumber, { nullable: true, description: 'The contact as given with the turn.' })
  phoneNumber!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The contact's WhatsApp user id as given with the turn.",
  })
  whatsappUserId!: string | null;

  @Field(() => String, {
    description:
      'What the customer wrote; empty for a turn without text (an image, a sticker) and after texts were removed.',
  })
  message?: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the LLM answered, as it was first saved; null without an answer.',
  })
  response?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why there was no response, if the workflow gave a reason; null after texts were removed.',
  })
  failure?: string | null;

  @Field(() => GraphQLDateTime, {
    description: 'When the turn happened. All figures and periods use this instant.',
  })
  occurredAt!: Date;

  @Field(() => GraphQLDateTime, { description: 'When the turn was stored.' })
  savedAt!: Date;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description:
      'When texts and contacts were removed, by erasure or retention. The turn and its charge remain.',
  })
  textRemovedAt!: Date | null;

  @Field(() => Tracking, { description: 'Was it charged, and if not, why?' })
  tracking!: Tracking;

  /** What the loaders need to read texts that are not in memory. Null: there is no text. */
  messageBytes?: number;
  responseBytes?: number | null;
  failureBytes?: number | null;
  workspaceId!: string;
  customerId!: string | null;
  /** A save fills it from memory, so that nothing is read after its COMMIT; otherwise the loaders read it. */
  workspace?: Workspace;
  customer?: Customer | null;

  static of(row: MessageRow): Message {
    const { charge, outcome, ...rest } = row;
    const usage = charge && UsageRecord.of(charge);
    const message: Message = { ...rest, tracking: { outcome, usage } };
    if (usage) usage.message = message;
    return message;
  }

  /** A complete message: workspace, customer and charge are those of the save. */
  static saved(saved: SavedMessage): Message {
    const { charge, outcome, workspace, customer, ...rest } = saved;
    const ids = { workspaceId: workspace.id, customerId: customer?.id ?? null };
    const message: Message = { ...rest, ...ids, workspace, customer, tracking: { outcome, usage: null } };
    if (charge && customer) {
      const { id, amountMicros, occurredAt, savedAt, voided } = charge;
      const price = Money.of(amountMicros, workspace.currency);
      const keys = { workspaceId: workspace.id, customerId: customer.id, messageId: saved.id };
      message.tracking.usage = { id, price, occurredAt, savedAt, voided, ...keys, customer, message };
    }
    return message;
  }
}

export const MessageConnection = connectionOf('Message', () => Message, 'the saved messages');
