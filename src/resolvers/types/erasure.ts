import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { Erased, ErasureInput } from '../../services/people/erasure';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLPhoneNumber } from '../scalars/phone-number';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { Money } from './money';

@InputType('EraseCustomerInput', {
  description: 'The person to erase: by customerId, or by contact for somebody who was never registered.',
})
export class EraseCustomerInput {
  @Field(() => ID, { description: 'In which workspace.' })
  workspaceId!: string;

  @Field(() => ID, { nullable: true, description: 'The customer. Leave out the contacts then.' })
  customerId?: string | null;

  @Field(() => GraphQLPhoneNumber, {
    nullable: true,
    description: 'Instead of customerId: the phone number. Turns from before a registration are found too.',
  })
  phoneNumber?: string | null;

  @Field(() => String, { nullable: true, description: "Instead of customerId: WhatsApp's user id." })
  whatsappUserId?: string | null;

  @Field(() => String, {
    description: 'The reason, for the audit trail, 1 to 500 characters. Write no personal data.',
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
  description: 'What was erased. It holds no personal data, so it can be given to the person who asked.',
  simpleResolvers: true,
})
export class ErasureReceipt {
  @Field(() => ID, { description: 'A UUID; unique in its workspace.' })
  id!: string;

  @Field(() => GraphQLDateTime, { description: 'When the erasure was complete.' })
  erasedAt!: Date;

  @Field(() => GraphQLSafeInt, { description: 'Turns whose texts, contacts and keys were removed.' })
  messages!: number;

  @Field(() => GraphQLSafeInt, {
    description:
      'Charges of the person, without those taken back. They remain: the number is the same before and after.',
  })
  charges!: number;

  @Field(() => Money, { description: 'The sum of these charges, the same before and after.' })
  amount!: Money;

  @Field(() => Boolean, {
    description: 'True when nothing was left to erase: this is the receipt of the first erasure.',
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
