import { ArgsType, Field, ID, ObjectType } from 'type-graphql';
import type { ServeDecision as Decision, ServeReason } from '../../services/signals/serve-decision';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLPhoneNumber } from '../scalars/phone-number';
import { WORKSPACE_ID } from './arguments';
import { Budget } from './budget';
import { Customer } from './customer';
import { ServeReasonEnum } from './enums';

@ObjectType('ServeDecision', {
  description:
    'Whether a chatbot should answer this contact, and if not, why. It shows data of this contact only.',
  simpleResolvers: true,
})
export class ServeDecision {
  @Field(() => Boolean, {
    description: 'True only for the reason OK. False: an answer would not be charged, or a limit is reached.',
  })
  allowed!: boolean;

  @Field(() => ServeReasonEnum, { description: 'Why; the first reason that applies.' })
  reason!: ServeReason;

  @Field(() => Customer, {
    nullable: true,
    description: 'The customer with this contact; null when there is none.',
  })
  customer!: Customer | null;

  @Field(() => Budget, {
    nullable: true,
    description:
      'The budget whose limit is reached; if none is, the STOP budget that is closest to its limit. Its state is that of this contact. Null when another reason came first, or when the contact has no STOP budget.',
  })
  budget!: Budget | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the period of the reached budget ends; if several are reached, the latest end.',
  })
  resetsAt!: Date | null;

  @Field(() => GraphQLDateTime, {
    description: 'Every turn acknowledged before this instant is counted. It is at most a second ago.',
  })
  asOf!: Date;

  static of({ reason, customer, standing, resetsAt, asOf }: Decision): ServeDecision {
    const budget = standing && { ...Budget.of(standing.budget), standing };
    return { allowed: reason === 'OK', reason, customer, budget, resetsAt, asOf };
  }
}

@ArgsType()
export class ServeDecisionArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => GraphQLPhoneNumber, {
    nullable: true,
    description: "The contact's phone number. Either this or whatsappUserId is needed.",
  })
  phoneNumber?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "WhatsApp's business-scoped user id. If both are given, the user id decides, as when a turn is saved.",
  })
  whatsappUserId?: string | null;
}
