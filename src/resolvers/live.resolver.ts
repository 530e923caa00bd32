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
      'Something was saved in this workspace: ask again. One tick at once, then at most one a second; none carries a figure.',
  })
  usageChanged(
    @Arg('workspaceId', () => ID, WORKSPACE_ID) _workspaceId: string,
    @Root() tick: Tick,
  ): UsageTick {
    return tick;
  }
}
