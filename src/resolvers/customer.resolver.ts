import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { GraphQLContext } from '../graphql/context';
import { GraphQLTimeZone } from '../graphql/scalars/time-zone';
import { listCustomers } from '../services/customers';
import { AFTER, DEFAULT_FIRST, FIRST, PERIOD, TIME_ZONE, WORKSPACE_ID } from './arguments';
import { Customer, CustomerConnection, RegisterCustomerInput } from './types/customer';
import { PeriodInput } from './types/period';
import { UsageTotals } from './types/usage-totals';

@Resolver(() => Customer)
export class CustomerResolver {
  @Query(() => CustomerConnection, {
    description: "A workspace's registered customers, by name (Relay connection).",
  })
  async customers(
    @Arg('workspaceId', () => ID, WORKSPACE_ID) workspaceId: string,
    @Arg('search', () => String, {
      nullable: true,
      description: 'Only those with this text in the name, the phone number or the WhatsApp user id.',
    })
    search: string | null | undefined,
    @Arg('first', () => Int, FIRST) first: number | null,
    @Arg('after', () => String, AFTER) after: string | null | undefined,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof CustomerConnection>> {
    const query = { search, first: first ?? DEFAULT_FIRST, after };
    return new CustomerConnection(await listCustomers(snapshot, workspaceId, query));
  }

  @Mutation(() => Customer, {
    description:
      'Registers a customer, or updates the one with the same phone number or WhatsApp user id. Service tokens with the scope customers:write only.',
  })
  registerCustomer(
    @Arg('input', () => RegisterCustomerInput, { description: 'The customer.' }) input: RegisterCustomerInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<Customer> {
    return services.customers.register(input.workspaceId, input, { name: principal.name });
  }

  @FieldResolver(() => UsageTotals, {
    description: "This customer's own usage (batched: one statement for a whole list).",
  })
  async usage(
    @Root() { workspaceId, id }: Customer,
    @Arg('period', () => PeriodInput, PERIOD) period: PeriodInput | null | undefined,
    @Arg('timeZone', () => GraphQLTimeZone, TIME_ZONE) timeZone: string | null | undefined,
    @Ctx() { loaders }: GraphQLContext,
  ): Promise<UsageTotals> {
    const key = { workspaceId, id, choice: { period, timeZone } };
    const { totals, currency } = await loaders.customerUsage.load(key);
    return UsageTotals.of(totals, currency);
  }
}
