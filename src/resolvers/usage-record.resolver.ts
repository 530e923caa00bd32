import { Arg, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql';
import type { GraphQLContext } from '../graphql/context';
import { GraphQLTimeZone } from '../graphql/scalars/time-zone';
import { listUsageRecords } from '../services/records';
import { AFTER, CUSTOMER_ID, DEFAULT_FIRST, FIRST, PERIOD, TIME_ZONE, WORKSPACE_ID } from './arguments';
import { mapPage } from './types/connection';
import { Customer } from './types/customer';
import { Message } from './types/message';
import { PeriodInput } from './types/period';
import { UsageRecord, UsageRecordConnection } from './types/usage-record';

@Resolver(() => UsageRecord)
export class UsageRecordResolver {
  @Query(() => UsageRecordConnection, {
    description: 'The single charges, newest first (Relay connection).',
  })
  async usageRecords(
    @Arg('workspaceId', () => ID, WORKSPACE_ID) workspaceId: string,
    @Arg('period', () => PeriodInput, PERIOD) period: PeriodInput | null | undefined,
    @Arg('timeZone', () => GraphQLTimeZone, TIME_ZONE) timeZone: string | null | undefined,
    @Arg('customerId', () => ID, CUSTOMER_ID) customerId: string | null | undefined,
    @Arg('first', () => Int, FIRST) first: number | null,
    @Arg('after', () => String, AFTER) after: string | null | undefined,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof UsageRecordConnection>> {
    const query = { period, timeZone, customerId, first: first ?? DEFAULT_FIRST, after };
    const page = await listUsageRecords(snapshot, workspaceId, query, snapshot.asOf);
    return new UsageRecordConnection(mapPage(page, UsageRecord.of));
  }

  @FieldResolver(() => Customer, { description: 'Who was charged.' })
  customer(@Root() record: UsageRecord, @Ctx() { loaders }: GraphQLContext): Customer | Promise<Customer> {
    const { workspaceId, customerId } = record;
    return record.customer ?? loaders.customers.load({ workspaceId, id: customerId });
  }

  @FieldResolver(() => Message, {
    nullable: true,
    description:
      'The turn that was charged. Needs the scope messages:read, except in the answer to its save.',
  })
  async message(@Root() record: UsageRecord, @Ctx() { loaders }: GraphQLContext): Promise<Message> {
    const { workspaceId, messageId } = record;
    return record.message ?? Message.of(await loaders.messages.load({ workspaceId, id: messageId }));
  }
}
