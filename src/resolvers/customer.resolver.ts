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
    description: 'One registered customer, also one that was never charged; null when there is none.',
  })
  customer(
    @Args(() => CustomerArgs) { workspaceId, id }: CustomerArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<Customer | null> {
    return findCustomer(snapshot, workspaceId, id);
  }

  @Mutation(() => Customer, {
    description:
      'Registers a customer, or updates the one with the same phone number or WhatsApp user id. Service tokens with the scope customers:write only.',
  })
  registerCustomer(
    @Arg('input', () => RegisterCustomerInput, { description: 'The customer.' }) input: RegisterCustomerInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<Customer> {
    return services.customers.register(input.workspaceId, input, tokenActor(principal));
  }

  @Mutation(() => ErasureReceipt, {
    description:
      'Forgets a person and keeps the ledger: texts, names, numbers and keys go, charges stay. Scope customers:erase.',
  })
  async eraseCustomer(
    @Arg('input', () => EraseCustomerInput, { description: 'Whom, and why.' }) input: EraseCustomerInput,
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
    description: "This customer's own usage (batched: one statement for a whole list).",
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
      "This customer's turns over time; DAY, WEEK or MONTH of the workspace's zone. Default period: the last 12 months, the running one included. Gapless, and ends like UsageReport.timeline.",
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
    description: 'Saved turns of this customer by outcome (batched like usage).',
  })
  async outcomes(
    @Root() { workspaceId, id }: Customer,
    @Args(() => PeriodArgs) { period, timeZone }: PeriodArgs,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<OutcomeCount[]> {
    return [...(await loaders.customerOutcomes.load({ workspaceId, id, choice: { period, timeZone } }))];
  }
}
