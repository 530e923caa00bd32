import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import { tokenActor } from '../services/audit';
import { findStatement, listStatementLines, listStatements } from '../services/ledger/statements';
import { getCallersWorkspace } from '../services/workspaces/workspaces';
import type { GraphQLContext } from './context';
import { DEFAULTS, PageArgs, WorkspacePageArgs } from './types/arguments';
import { mapPage } from './types/connection';
import { Customer } from './types/customer';
import {
  CloseMonthInput,
  CloseMonthPayload,
  SinceClosing,
  StatementArgs,
  StatementLine,
  StatementLineConnection,
  UsageStatement,
  UsageStatementConnection,
} from './types/statement';

@Resolver(() => UsageStatement)
export class StatementResolver {
  @Query(() => UsageStatementConnection, {
    description: 'The closed months, newest first (Relay connection).',
  })
  async statements(
    @Args(() => WorkspacePageArgs) { workspaceId, first, after }: WorkspacePageArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof UsageStatementConnection>> {
    await getCallersWorkspace(snapshot, workspaceId, snapshot.asOf);
    const page = await listStatements(snapshot, workspaceId, { first: first ?? DEFAULTS.first, after });
    return new UsageStatementConnection(mapPage(page, UsageStatement.of));
  }

  @Query(() => UsageStatement, {
    nullable: true,
    description: 'The statement of one month; null while it is open.',
  })
  async statement(
    @Args(() => StatementArgs) { workspaceId, month }: StatementArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<UsageStatement | null> {
    await getCallersWorkspace(snapshot, workspaceId, snapshot.asOf);
    const found = await findStatement(snapshot, workspaceId, month);
    return found ? UsageStatement.of(found) : null;
  }

  @Mutation(() => CloseMonthPayload, {
    description:
      'Closes a month that has ended, and fixes its statement. A second call returns the result of the first. Needs the scope statements:close.',
  })
  async closeMonth(
    @Arg('input', () => CloseMonthInput, { description: 'Which month.' }) input: CloseMonthInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<CloseMonthPayload> {
    return CloseMonthPayload.of(
      await services.closing.close(input.workspaceId, input.month, tokenActor(principal)),
    );
  }

  @FieldResolver(() => StatementLineConnection, {
    description:
      "What each client used: lines of the statement's own month first, then by amount, largest first. Needs the scope usage:read.",
  })
  async lines(
    @Root() { row }: UsageStatement,
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof StatementLineConnection>> {
    const page = await listStatementLines(snapshot, row, { first: first ?? DEFAULTS.first, after });
    return new StatementLineConnection(mapPage(page, StatementLine.of));
  }

  @FieldResolver(() => SinceClosing, {
    description:
      "How the month's usage changed since it was closed, by cause. The statement itself never changes. Needs the scope usage:read.",
  })
  async sinceClosing(
    @Root() { row }: UsageStatement,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<SinceClosing> {
    return SinceClosing.of(await loaders.sinceClosing.load(row), row.currency);
  }
}

@Resolver(() => StatementLine)
export class StatementLineResolver {
  @FieldResolver(() => Customer, { description: 'The customer, with the present name.' })
  customer(
    @Root() { workspaceId, customerId }: StatementLine,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<Customer> {
    return loaders.customers.load({ workspaceId, id: customerId });
  }
}
