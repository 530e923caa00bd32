import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { scopeOf } from '../services/analytics/scope';
import { listWorkspaces } from '../services/workspaces/workspaces';
import type { GraphQLContext } from './context';
import { PeriodArgs, WORKSPACE_ID } from './types/arguments';
import { Money } from './types/money';
import { UsageReport } from './types/usage-report';
import { Workspace } from './types/workspace';

@Resolver(() => Workspace)
export class WorkspaceResolver {
  @Query(() => [Workspace], { description: 'The workspaces this token may read, by name.' })
  workspaces(@Ctx() { principal, snapshot }: GraphQLContext): Promise<Workspace[]> {
    return listWorkspaces(snapshot, principal.workspaceIds, snapshot.asOf);
  }

  @Query(() => Workspace, { description: 'One of the workspaces this token may read.' })
  workspace(
    @Arg('id', () => ID, WORKSPACE_ID) id: string,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<Workspace> {
    return loaders.workspaces.load(id);
  }

  @FieldResolver(() => Money, { description: 'The price of one charged turn that is in force now.' })
  pricePerResponse(@Root() workspace: Workspace): Money {
    return Money.of(workspace.priceMicros, workspace.currency);
  }

  @FieldResolver(() => UsageReport, {
    description: "This workspace's report. With it one request reads all workspaces of a token.",
  })
  async usage(
    @Root() { id }: Workspace,
    @Args(() => PeriodArgs) { period, timeZone }: PeriodArgs,
    @Ctx() { loaders, snapshot }: GraphQLContext,
  ): Promise<UsageReport> {
    return UsageReport.of(scopeOf(await loaders.workspaces.load(id), { period, timeZone }, snapshot.asOf));
  }
}
