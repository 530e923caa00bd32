import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { GraphQLContext } from '../graphql/context';
import { GraphQLTimeZone } from '../graphql/scalars/time-zone';
import { listMessages } from '../services/records';
import type { TrackingOutcome } from '../services/tracking';
import { AFTER, CUSTOMER_ID, DEFAULT_FIRST, FIRST, PERIOD, TIME_ZONE, WORKSPACE_ID } from './arguments';
import { mapPage } from './types/connection';
import { Customer } from './types/customer';
import { TrackingOutcomeEnum } from './types/enums';
import { Message, MessageConnection } from './types/message';
import { PeriodInput } from './types/period';
import {
  SaveMessageInput,
  SaveMessageItem,
  SaveMessagePayload,
  SaveMessageResult,
} from './types/save-message';
import { Workspace } from './types/workspace';

@Resolver(() => Message)
export class MessageResolver {
  @Mutation(() => SaveMessagePayload, {
    description:
      'Saves one turn of a conversation and charges it when it must be. Service tokens with the scope messages:write only.',
  })
  async saveMessage(
    @Arg('input', () => SaveMessageInput, { description: 'The turn.' }) input: SaveMessageInput,
    @Ctx() { services }: GraphQLContext,
  ): Promise<SaveMessagePayload> {
    return SaveMessagePayload.of(await services.saveMessages.save(input));
  }

  @Mutation(() => [SaveMessageResult], {
    description:
      'The same for many turns of one workspace in one request (imports, catch-up; at most 500). One result per item, in order; one bad item never spoils the others.',
  })
  async saveMessages(
    @Arg('workspaceId', () => ID, { description: 'In which workspace they are saved.' }) workspaceId: string,
    @Arg('items', () => [SaveMessageItem], { description: 'The turns, at most 500.' })
    items: SaveMessageItem[],
    @Ctx() { services }: GraphQLContext,
  ): Promise<SaveMessageResult[]> {
    const results = await services.saveMessages.saveAll(workspaceId, items);
    return results.map(SaveMessageResult.of);
  }

  @Query(() => MessageConnection, {
    description:
      'The saved messages with their tracking verdicts, newest first: why was this one not charged?',
  })
  async messages(
    @Arg('workspaceId', () => ID, WORKSPACE_ID) workspaceId: string,
    @Arg('period', () => PeriodInput, PERIOD) period: PeriodInput | null | undefined,
    @Arg('timeZone', () => GraphQLTimeZone, TIME_ZONE) timeZone: string | null | undefined,
    @Arg('customerId', () => ID, CUSTOMER_ID) customerId: string | null | undefined,
    @Arg('outcome', () => TrackingOutcomeEnum, {
      nullable: true,
      description: 'Only turns with this verdict. Default: all.',
    })
    outcome: TrackingOutcome | null | undefined,
    @Arg('first', () => Int, FIRST) first: number | null,
    @Arg('after', () => String, AFTER) after: string | null | undefined,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof MessageConnection>> {
    const query = { period, timeZone, customerId, outcome, first: first ?? DEFAULT_FIRST, after };
    const page = await listMessages(snapshot, workspaceId, query, snapshot.asOf);
    return new MessageConnection(mapPage(page, Message.of));
  }

  @FieldResolver(() => Workspace, { description: 'In which workspace it was saved.' })
  workspace(@Root() message: Message, @Ctx() { loaders }: GraphQLContext): Workspace | Promise<Workspace> {
    return message.workspace ?? loaders.workspaces.load(message.workspaceId);
  }

  @FieldResolver(() => Customer, {
    nullable: true,
    description: 'The registered customer this turn belongs to, if any.',
  })
  customer(
    @Root() { workspaceId, customerId, customer }: Message,
    @Ctx() { loaders }: GraphQLContext,
  ): Customer | null | Promise<Customer> {
    if (customer !== undefined || customerId === null) return customer ?? null;
    return loaders.customers.load({ workspaceId, id: customerId });
  }
}
