import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { Erased, ErasureInput } from '../../services/people/erasure';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLPhoneNumber } from '../scalars/phone-number';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { Money } from './money';

@InputType('EraseCustomerInput', {
  description: 'By customerId, or by contact for somebody who was never registered.',
})
export class EraseCustomerInput {
  @Field(() => ID, { description: 'In which workspace.' })
  workspaceId!: string;

  @Field(() => ID, { nullable: true, description: 'The customer; then without a contact.' })
  customerId?: string | null;

  @Field(() => GraphQLPhoneNumber, {
    nullable: true,
    description: 'Or whoever wrote under this number, also before being registered.',
  })
  phoneNumber?: string | null;

  @Field(() => String, { nullable: true, description: "Or under this WhatsApp's user id." })
  whatsappUserId?: string | null;

  @Field(() => String, {
    description: 'Why, for the audit trail; no personal data. 1 to 500 characters.',
  })
  reason!: string;

  static toInput({ customerId, phoneNumber, whatsappUserId, reason }: EraseCustomerInput): ErasureInput {
    return {
      ...{ customerId: customerId ?? undefined, phoneNumber: phoneNumber ?? undefined },
      ...{ whatsappUserId: whatsappUserId ?? undefined, reason },
    };
  }
}

@ObjectType('ErasureReceipt', {
  description: 'What was forgotten. Holds no personal data and can be shown to whoever asked.',
  simpleResolvers: true,
})
export class ErasureReceipt {
  @Field(() => ID, { description: 'A UUID; unique in its workspace.' })
  id!: string;

  @Field(() => GraphQLDateTime, { description: 'When all of it was done.' })
  erasedAt!: Date;

  @Field(() => GraphQLSafeInt, { description: 'Turns whose texts, contacts and keys were removed.' })
  messages!: number;

  @Field(() => GraphQLSafeInt, {
    description: 'Charges that stay, less those taken back; the same before and after.',
  })
  charges!: number;

  @Field(() => Money, { description: 'Their sum, the same before and after.' })
  amount!: Money;

  @Field(() => Boolean, {
    description: 'True when nothing was left to forget: this is the receipt of the first time.',
  })
  replayed!: boolean;

  static of({ receipt, currency, replayed }: Erased): ErasureReceipt {
    const { id, erasedAt } = receipt;
    return {
      ...{ id, erasedAt, messages: Number(receipt.messages), charges: Number(receipt.charges) },
      ...{ amount: Money.of(receipt.amountMicros, currency), replayed },
    };
  }
}
