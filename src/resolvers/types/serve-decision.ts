import { ArgsType, Field, ID, ObjectType } from 'type-graphql';
import type { ServeDecision as Decision, ServeReason } from '../../services/signals/serve-decision';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLPhoneNumber } from '../scalars/phone-number';
import { WORKSPACE_ID } from './arguments';
import { Budget } from './budget';
import { Customer } from './customer';
import { ServeReasonEnum } from './enums';

@ObjectType('ServeDecision', {
  description: 'Whether a chatbot should answer this contact, and why not. It tells of this contact alone.',
  simpleResolvers: true,
})
export class ServeDecision {
  @Field(() => Boolean, {
    description: 'False for every reason but OK: an answer would not be charged, or a limit is reached.',
  })
  allowed!: boolean;

  @Field(() => ServeReasonEnum, { description: 'Why; the first that fits wins.' })
  reason!: ServeReason;

  @Field(() => Customer, { nullable: true, description: 'Whom the contact belongs to; null when nobody.' })
  customer!: Customer | null;

  @Field(() => Budget, {
    nullable: true,
    description:
      'The budget that says no; when none does, the STOP budget that is closest to its limit. Its state is that of this contact. Null when another reason came first, or no STOP budget concerns the contact.',
  })
  budget!: Budget | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the period of the budget that says no ends; of several such budgets, the latest end.',
  })
  resetsAt!: Date | null;

  @Field(() => GraphQLDateTime, {
    description: 'Everything acknowledged before this instant is counted. At most a second ago.',
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
