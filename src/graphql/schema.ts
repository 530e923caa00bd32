// The whole contract, built once: type-graphql's metadata belongs to the process.
import 'reflect-metadata';
import { type GraphQLObjectType, GraphQLSchema, printSchema } from 'graphql';
import { buildSchemaSync, type PubSub } from 'type-graphql';
import { applyPermissions } from '../auth/shield';
import { BudgetResolver, BudgetStateResolver } from '../resolvers/budget.resolver';
import { CustomerResolver } from '../resolvers/customer.resolver';
import { EventResolver } from '../resolvers/event.resolver';
import { LiveResolver } from '../resolvers/live.resolver';
import { MessageResolver } from '../resolvers/message.resolver';
import { StatementLineResolver, StatementResolver } from '../resolvers/statement.resolver';
import {
  ClientUsageResolver,
  HeatmapCellResolver,
  TimelinePointResolver,
  UsageResolver,
} from '../resolvers/usage.resolver';
import { UsageRecordResolver } from '../resolvers/usage-record.resolver';
import { ViewerResolver } from '../resolvers/viewer.resolver';
import { WebhookResolver } from '../resolvers/webhook.resolver';
import { WorkspaceResolver } from '../resolvers/workspace.resolver';
import { applyPacing } from './pacing';

/** Resolvers hold no state: one instance of each serves all requests, whose data is in their context. */
const RESOLVERS = [
  ViewerResolver,
  WorkspaceResolver,
  UsageResolver,
  TimelinePointResolver,
  HeatmapCellResolver,
  ClientUsageResolver,
  UsageRecordResolver,
  MessageResolver,
  CustomerResolver,
  StatementResolver,
  StatementLineResolver,
  BudgetResolver,
  BudgetStateResolver,
  EventResolver,
  WebhookResolver,
  LiveResolver,
] as const;

/** type-graphql wants one where there is a subscription. Ours say themselves what they listen to, and none uses it. */
const NOBODYS: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new Error('A subscription has no subscribe of its own.');
  },
};

const instances = new Map<unknown, object>(RESOLVERS.map((resolver) => [resolver, new resolver()]));

/** The contract without permissions: for emitting it and for tests that look at it. */
export const bareSchema: GraphQLSchema = buildSchemaSync({
  resolvers: [...RESOLVERS],
  container: { get: (resolver: unknown) => instances.get(resolver) },
  // Values are checked by scalars and services, each in one place.
  validate: false,
  pubSub: NOBODYS,
});

// type-graphql makes these by itself and has nowhere to say what they are.
describeType(bareSchema.getQueryType(), 'What can be read. One request reads one snapshot of the database.');
describeType(
  bareSchema.getMutationType(),
  'What can be written. When you get an answer, the change is committed.',
);

describeType(
  bareSchema.getSubscriptionType(),
  'What can be subscribed to, with graphql-ws at the same path. A tick carries no figures.',
);

function describeType(type: GraphQLObjectType | null | undefined, description: string): void {
  if (type) type.description = description;
}

/** The schema that the server runs: every root field and every explicit resolver behind its rule. */
export const schema: GraphQLSchema = applyPacing(applyPermissions(bareSchema));

/**
 * The same without its mutations and what only they reach, for a listener that must have no way to charge. Types are
 * the same objects, with the same rules in front of their resolvers.
 */
export const publicSchema: GraphQLSchema = new GraphQLSchema({
  ...schema.toConfig(),
  mutation: null,
  types: [],
});

/** schema.graphql's content. */
export const printContract = (): string =>
  `# Emitted from the code by npm run schema:emit; a test fails when the two differ.\n\n${printSchema(bareSchema)}\n`;
