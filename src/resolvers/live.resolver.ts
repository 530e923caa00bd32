import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { Tick } from '../services/signals/subscriber';
import type { GraphQLContext } from './context';
import { WORKSPACE_ID } from './types/arguments';
import { UsageTick } from './types/usage-tick';

@Resolver()
export class LiveResolver {
  @Subscription(() => UsageTick, {
    subscribe: ({ args, context }: { args: { workspaceId: string }; context: GraphQLContext }) =>
      context.services.liveFeed.subscribe(context.principal.id, args.workspaceId),
    description:
      'Sends a tick when something was saved in this workspace: then ask for the figures again. The first tick comes at once, then at most one per second.',
  })
  usageChanged(
    @Arg('workspaceId', () => ID, WORKSPACE_ID) _workspaceId: string,
    @Root() tick: Tick,
  ): UsageTick {
    return tick;
  }
}
