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
    'Whether an answer to this contact would be charged, and why not. It tells of this contact alone.',
  simpleResolvers: true,
})
export class ServeDecision {
  @Field(() => Boolean, {
    description: 'False for every reason but OK: an answer would earn nothing, or pass a limit.',
  })
  allowed!: boolean;

  @Field(() => ServeReasonEnum, { description: 'Why; the first that fits wins.' })
  reason!: ServeReason;

  @Field(() => Customer, { nullable: true, description: 'Whom the contact belongs to; null when nobody.' })
  customer!: Customer | null;

  @Field(() => Budget, {
    nullable: true,
    description:
      'The budget that says no, or else the one of STOP that is closest to it; its state is that of this contact. Null when no budget was asked, or none can say no.',
  })
  budget!: Budget | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the budget that says no starts anew. Of several, the last one to.',
  })
  resetsAt!: Date | null;

  @Field(() => GraphQLDateTime, {
    description: 'Everything acknowledged before this instant is counted; at most a second ago.',
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
    description: "WhatsApp's business-scoped user id. With both, it decides, as when a turn is saved.",
  })
  whatsappUserId?: string | null;
}
