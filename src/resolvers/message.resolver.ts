import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import { listMessages } from '../services/analytics/records';
import type { GraphQLContext } from './context';
import { DEFAULTS, MessagesArgs } from './types/arguments';
import { mapPage } from './types/connection';
import { Customer } from './types/customer';
import { Message, MessageConnection } from './types/message';
import {
  SaveMessageInput,
  SaveMessagePayload,
  SaveMessageResult,
  SaveMessagesArgs,
} from './types/save-message';
import { Workspace } from './types/workspace';

@Resolver(() => Message)
export class MessageResolver {
  @Mutation(() => SaveMessagePayload, {
    description:
      'Saves one turn of a conversation, and charges it if the rules say so. Only for service tokens with the scope messages:write.',
  })
  async saveMessage(
    @Arg('input', () => SaveMessageInput, { description: 'The turn.' }) input: SaveMessageInput,
    @Ctx() { services, isGone }: GraphQLContext,
  ): Promise<SaveMessagePayload> {
    return SaveMessagePayload.of(await services.saveMessages.save(input, isGone));
  }

  @Mutation(() => [SaveMessageResult], {
    description:
      'Saves many turns of one workspace in one request, at most 500 (for imports and for catching up). Returns one result per item, in order; a bad item does not affect the others.',
  })
  async saveMessages(
    @Args(() => SaveMessagesArgs) { workspaceId, items }: SaveMessagesArgs,
    @Ctx() { services, isGone }: GraphQLContext,
  ): Promise<SaveMessageResult[]> {
    const results = await services.saveMessages.saveAll(workspaceId, items, isGone);
    return results.map(SaveMessageResult.of);
  }

  @Query(() => MessageConnection, {
    description:
      'The saved messages with their tracking outcomes, newest first. They answer why a turn was not charged.',
  })
  async messages(
    @Args(() => MessagesArgs) { workspaceId, ...query }: MessagesArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof MessageConnection>> {
    const first = query.first ?? DEFAULTS.first;
    const page = await listMessages(snapshot, workspaceId, { ...query, first }, snapshot.asOf);
    return new MessageConnection(mapPage(page, Message.of));
  }

  /** The fields themselves have the descriptions. */
  @FieldResolver(() => String)
  message(@Root() row: Message, @Ctx() { texts }: GraphQLContext): string | Promise<string> {
    return row.message ?? texts.load('message', row, row.messageBytes ?? 0);
  }

  @FieldResolver(() => String, { nullable: true })
  response(@Root() row: Message, @Ctx() { texts }: GraphQLContext): string | null | Promise<string> {
    const { response, responseBytes } = row;
    if (response !== undefined || responseBytes === null) return response ?? null;
    return texts.load('response', row, responseBytes ?? 0);
  }

  @FieldResolver(() => String, { nullable: true })
  failure(@Root() row: Message, @Ctx() { texts }: GraphQLContext): string | null | Promise<string> {
    const { failure, failureBytes } = row;
    if (failure !== undefined || failureBytes === null) return failure ?? null;
    return texts.load('failure', row, failureBytes ?? 0);
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
