import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { listEvents } from '../services/signals/events';
import { getCallersWorkspace } from '../services/workspaces/workspaces';
import type { GraphQLContext } from './context';
import { DEFAULTS } from './types/arguments';
import { mapPage } from './types/connection';
import { Event, EventConnection, EventsArgs } from './types/event';

@Resolver(() => Event)
export class EventResolver {
  @Query(() => EventConnection, {
    description: "The workspace's events, newest first (Relay connection).",
  })
  async events(
    @Args(() => EventsArgs) { workspaceId, ...query }: EventsArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof EventConnection>> {
    await getCallersWorkspace(snapshot, workspaceId, snapshot.asOf);
    const page = await listEvents(snapshot, workspaceId, { ...query, first: query.first ?? DEFAULTS.first });
    return new EventConnection(mapPage(page, Event.of));
  }
}
