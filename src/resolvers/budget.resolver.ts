import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { tokenActor } from '../services/audit';
import { withCrossed } from '../services/signals/budget-states';
import { formatUnits, listBudgets } from '../services/signals/budgets';
import { getCallersWorkspace } from '../services/workspaces/workspaces';
import type { GraphQLContext } from './context';
import { GraphQLDecimal } from './scalars/decimal';
import { WORKSPACE_ID } from './types/arguments';
import { Budget, BudgetState, DeleteBudgetArgs, SetBudgetInput } from './types/budget';
import { Customer } from './types/customer';
import { ServeDecision, ServeDecisionArgs } from './types/serve-decision';

@Resolver(() => Budget)
export class BudgetResolver {
  @Query(() => [Budget], { description: 'The limits that were set, by name, with where they stand now.' })
  async budgets(
    @Arg('workspaceId', () => ID, WORKSPACE_ID)
    workspaceId: string,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<Budget[]> {
    await getCallersWorkspace(snapshot, workspaceId, snapshot.asOf);
    return (await listBudgets(snapshot, workspaceId)).map(Budget.of);
  }

  @Query(() => ServeDecision, {
    description:
      'May this contact be served now? What a chatbot asks before it pays for an answer. Advice only: saving never refuses, and what is saved meanwhile may pass a limit. Scope contacts:check.',
  })
  async serveDecision(
    @Args(() => ServeDecisionArgs) { workspaceId, ...contact }: ServeDecisionArgs,
    @Ctx() { services, snapshot }: GraphQLContext,
  ): Promise<ServeDecision> {
    return ServeDecision.of(
      await services.serveAdvisor.decide(snapshot, workspaceId, contact, snapshot.asOf),
    );
  }

  @Mutation(() => Budget, {
    description: 'Sets a limit, or changes the one with this name. Scope budgets:write.',
  })
  async setBudget(
    @Arg('input', () => SetBudgetInput, { description: 'The limit.' }) input: SetBudgetInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<Budget> {
    return Budget.of(await services.budgets.set(input.workspaceId, input, tokenActor(principal)));
  }

  @Mutation(() => Boolean, {
    description:
      'Removes a limit; what it told stays among the events. False when there is none of this id. Scope budgets:write.',
  })
  deleteBudget(
    @Args(() => DeleteBudgetArgs) { workspaceId, id }: DeleteBudgetArgs,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<boolean> {
    return services.budgets.remove(workspaceId, id, tokenActor(principal));
  }

  @FieldResolver(() => GraphQLDecimal, {
    description: "The limit: an amount of the workspace's currency, or turns.",
  })
  async limit(
    @Root() { row: { workspaceId, measure, limitUnits } }: Budget,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<string> {
    const { currency } = await loaders.workspaces.load(workspaceId);
    return formatUnits(measure, limitUnits, currency);
  }

  @FieldResolver(() => Customer, { nullable: true, description: 'Of a CUSTOMER budget: whose it is.' })
  customer(
    @Root() { row: { workspaceId, customerId } }: Budget,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<Customer> | null {
    return customerId === null ? null : loaders.customers.load({ workspaceId, id: customerId });
  }

  @FieldResolver(() => BudgetState, {
    description:
      'Where it stands; for EACH_CUSTOMER where the one closest to it stands, and below serveDecision where the asked contact does.',
  })
  async state(
    @Root() { row, standing }: Budget,
    @Ctx() { loaders, snapshot }: GraphQLContext,
  ): Promise<BudgetState> {
    if (!standing) return loaders.budgetStates.load(row);
    const { currency } = await loaders.workspaces.load(row.workspaceId);
    const [state] = await withCrossed(snapshot, row.workspaceId, [standing]);
    if (!state) throw new Error('A standing has a state.');
    return BudgetState.of(state, currency, snapshot.asOf);
  }
}

@Resolver(() => BudgetState)
export class BudgetStateResolver {
  @FieldResolver(() => Customer, {
    nullable: true,
    description: "Whose usage this is; null for the workspace's, and when no customer used anything.",
  })
  customer(
    @Root() { workspaceId, customerId }: BudgetState,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<Customer> | null {
    return customerId === null ? null : loaders.customers.load({ workspaceId, id: customerId });
  }
}
