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
  @Query(() => [Budget], { description: "The workspace's budgets, by name, each with its present state." })
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
      'May this contact be served now? A chatbot asks this before it pays for an answer. It is advice only: a save is never refused because of a budget, and turns that are saved at the same time may pass a limit. Needs the scope contacts:check.',
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
    description: 'Sets a budget, or changes the one with this name. Needs the scope budgets:write.',
  })
  async setBudget(
    @Arg('input', () => SetBudgetInput, { description: 'The budget.' }) input: SetBudgetInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<Budget> {
    return Budget.of(await services.budgets.set(input.workspaceId, input, tokenActor(principal)));
  }

  @Mutation(() => Boolean, {
    description:
      'Removes a budget; its events remain. Returns false when there is no budget with this id. Needs the scope budgets:write.',
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

  @FieldResolver(() => Customer, {
    nullable: true,
    description: 'The customer of a CUSTOMER budget; null for others.',
  })
  customer(
    @Root() { row: { workspaceId, customerId } }: Budget,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<Customer> | null {
    return customerId === null ? null : loaders.customers.load({ workspaceId, id: customerId });
  }

  @FieldResolver(() => BudgetState, {
    description:
      'How much is used. An EACH_CUSTOMER budget shows the customer that is closest to the limit; below serveDecision every budget shows the contact that was asked about.',
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
    description:
      'The customer with this usage; null for the whole workspace, and when no customer used anything.',
  })
  customer(
    @Root() { workspaceId, customerId }: BudgetState,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<Customer> | null {
    return customerId === null ? null : loaders.customers.load({ workspaceId, id: customerId });
  }
}
