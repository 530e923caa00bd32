import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import { tokenActor } from '../services/audit';
import { findCustomer, listCustomers } from '../services/customers/customers';
import type { GraphQLContext } from './context';
import { CustomerArgs, CustomersArgs, CustomerTimelineArgs, DEFAULTS, PeriodArgs } from './types/arguments';
import { Customer, CustomerConnection, RegisterCustomerInput } from './types/customer';
import { EraseCustomerInput, ErasureReceipt } from './types/erasure';
import { CustomerTimelinePoint, OutcomeCount } from './types/usage-patterns';
import { UsageTotals } from './types/usage-totals';

@Resolver(() => Customer)
export class CustomerResolver {
  @Query(() => CustomerConnection, {
    description: "A workspace's registered customers, by name (Relay connection).",
  })
  async customers(
    @Args(() => CustomersArgs) { workspaceId, ...query }: CustomersArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof CustomerConnection>> {
    const first = query.first ?? DEFAULTS.first;
    return new CustomerConnection(await listCustomers(snapshot, workspaceId, { ...query, first }));
  }

  @Query(() => Customer, {
    nullable: true,
    description:
      'One registered customer, even if it was never charged; null when there is no customer with this id.',
  })
  customer(
    @Args(() => CustomerArgs) { workspaceId, id }: CustomerArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<Customer | null> {
    return findCustomer(snapshot, workspaceId, id);
  }

  @Mutation(() => Customer, {
    description:
      'Registers a customer, or updates the one with the same phone number or WhatsApp user id. Only for service tokens with the scope customers:write.',
  })
  registerCustomer(
    @Arg('input', () => RegisterCustomerInput, { description: 'The customer.' }) input: RegisterCustomerInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<Customer> {
    return services.customers.register(input.workspaceId, input, tokenActor(principal));
  }

  @Mutation(() => ErasureReceipt, {
    description:
      'Erases a person and keeps the ledger: texts, names, contacts and keys are removed, charges remain. Needs the scope customers:erase.',
  })
  async eraseCustomer(
    @Arg('input', () => EraseCustomerInput, { description: 'The person, and the reason.' })
    input: EraseCustomerInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<ErasureReceipt> {
    const erased = await services.eraser.eraseFor(
      input.workspaceId,
      EraseCustomerInput.toInput(input),
      tokenActor(principal),
    );
    return ErasureReceipt.of(erased);
  }

  @FieldResolver(() => UsageTotals, {
    description: "This customer's usage. A whole list of customers takes one statement.",
  })
  async usage(
    @Root() { workspaceId, id }: Customer,
    @Args(() => PeriodArgs) { period, timeZone }: PeriodArgs,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<UsageTotals> {
    const key = { workspaceId, id, choice: { period, timeZone } };
    const { totals, currency } = await loaders.customerUsage.load(key);
    return UsageTotals.of(totals, currency);
  }

  @FieldResolver(() => [CustomerTimelinePoint], {
    description:
      "This customer's charged turns over time, by DAY, WEEK or MONTH of the workspace's zone. Default period: the last 12 months, including the running one. It has no gaps and ends like UsageReport.timeline.",
  })
  async timeline(
    @Root() { workspaceId, id }: Customer,
    @Args(() => CustomerTimelineArgs) { period, interval }: CustomerTimelineArgs,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<CustomerTimelinePoint[]> {
    const choice = { period, interval: interval ?? DEFAULTS.customerInterval };
    const { points, currency } = await loaders.customerTimelines.load({ workspaceId, id, choice });
    return points.map((point) => CustomerTimelinePoint.of(point, currency));
  }

  @FieldResolver(() => [OutcomeCount], {
    description: 'Saved turns of this customer by outcome. A whole list of customers takes one statement.',
  })
  async outcomes(
    @Root() { workspaceId, id }: Customer,
    @Args(() => PeriodArgs) { period, timeZone }: PeriodArgs,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<OutcomeCount[]> {
    return [...(await loaders.customerOutcomes.load({ workspaceId, id, choice: { period, timeZone } }))];
  }
}
