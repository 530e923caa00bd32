import { Ctx, FieldResolver, Query, Resolver } from 'type-graphql';
import { listWorkspaces } from '../services/workspaces/workspaces';
import type { GraphQLContext } from './context';
import { Viewer } from './types/viewer';
import { Workspace } from './types/workspace';

@Resolver(() => Viewer)
export class ViewerResolver {
  @Query(() => Viewer, {
    description: "The caller's token: its name, kind, scopes and workspaces.",
  })
  viewer(@Ctx() { principal }: GraphQLContext): Viewer {
    return Viewer.of(principal);
  }

  @FieldResolver(() => [Workspace], { description: 'The workspaces that the token is for, by name.' })
  workspaces(@Ctx() { principal, snapshot }: GraphQLContext): Promise<Workspace[]> {
    return listWorkspaces(snapshot, principal.workspaceIds, snapshot.asOf);
  }
}
