import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import { listUsageRecords } from '../services/analytics/records';
import { tokenActor } from '../services/audit';
import type { GraphQLContext } from './context';
import { DEFAULTS, UsageRecordsArgs } from './types/arguments';
import { mapPage } from './types/connection';
import { Customer } from './types/customer';
import { Message } from './types/message';
import { UsageRecord, UsageRecordConnection, VoidUsageInput, VoidUsagePayload } from './types/usage-record';

@Resolver(() => UsageRecord)
export class UsageRecordResolver {
  @Query(() => UsageRecordConnection, {
    description: 'The single charges, newest first (Relay connection).',
  })
  async usageRecords(
    @Args(() => UsageRecordsArgs) { workspaceId, ...query }: UsageRecordsArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof UsageRecordConnection>> {
    const first = query.first ?? DEFAULTS.first;
    const page = await listUsageRecords(snapshot, workspaceId, { ...query, first }, snapshot.asOf);
    return new UsageRecordConnection(mapPage(page, UsageRecord.of));
  }

  @Mutation(() => VoidUsagePayload, {
    description:
      'Takes one charge back: adds a reversal with the same instant. A second call returns the result of the first. Needs the scope usage:correct.',
  })
  async voidUsage(
    @Arg('input', () => VoidUsageInput, { description: 'Which charge, and why.' }) input: VoidUsageInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<VoidUsagePayload> {
    const { record, replayed } = await services.voids.void(input.workspaceId, input, tokenActor(principal));
    return { usageRecord: UsageRecord.of(record), replayed };
  }

  @FieldResolver(() => Customer, { description: 'The charged customer.' })
  customer(@Root() record: UsageRecord, @Ctx() { loaders }: GraphQLContext): Customer | Promise<Customer> {
    const { workspaceId, customerId } = record;
    return record.customer ?? loaders.customers.load({ workspaceId, id: customerId });
  }

  @FieldResolver(() => Message, {
    nullable: true,
    description:
      'The charged turn. Needs the scope messages:read, except in the answer to the save of this turn.',
  })
  async message(@Root() record: UsageRecord, @Ctx() { loaders }: GraphQLContext): Promise<Message> {
    const { workspaceId, messageId } = record;
    return record.message ?? Message.of(await loaders.messages.load({ workspaceId, id: messageId }));
  }
}
