import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { Registration } from '../../services/customers/customer-service';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLPhoneNumber } from '../scalars/phone-number';
import { connectionOf } from './connection';

@ObjectType('Customer', {
  description:
    'Somebody who writes to the chatbot and whose turns are charged. A customer is known by a phone number, a WhatsApp user id, or both. Reports say "clients" for customers with usage.',
  simpleResolvers: true,
})
export class Customer {
  @Field(() => ID, { description: 'A UUID; unique in its workspace.' })
  id!: string;

  @Field(() => String, { description: "The customer's name." })
  name!: string;

  @Field(() => GraphQLPhoneNumber, {
    nullable: true,
    description: 'Null for a contact who is known by a WhatsApp user id only.',
  })
  phoneNumber!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "WhatsApp's business-scoped user id, for contacts who hide their number.",
  })
  whatsappUserId!: string | null;

  @Field(() => Boolean, { description: 'False: turns are saved as INACTIVE_CUSTOMER and not charged.' })
  activeChatbot!: boolean;

  @Field(() => GraphQLDateTime, { description: 'When the customer was registered.' })
  createdAt!: Date;

  workspaceId!: string;
}

export const CustomerConnection = connectionOf('Customer', () => Customer, 'the customers');

@InputType('RegisterCustomerInput', {
  description:
    'A customer to register; if the phone number or the WhatsApp user id is known already, that customer is updated. Absent or null fields keep the stored value.',
})
export class RegisterCustomerInput implements Registration {
  @Field(() => ID, { description: 'The workspace of the customer.' })
  workspaceId!: string;

  @Field(() => String, { description: '1 to 200 characters, not only white space.' })
  name!: string;

  @Field(() => GraphQLPhoneNumber, {
    nullable: true,
    description:
      'Either this or whatsappUserId is needed. If the two belong to different customers, the error is CONFLICT.',
  })
  phoneNumber?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "WhatsApp's business-scoped user id, at most 255 characters.",
  })
  whatsappUserId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Absent: unchanged; a new customer starts active.',
  })
  activeChatbot?: boolean | null;
}
