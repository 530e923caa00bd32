import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { tokenActor } from '../services/audit';
import { listDeliveries } from '../services/signals/webhook-deliveries';
import { listWebhooks } from '../services/signals/webhooks';
import { getCallersWorkspace } from '../services/workspaces/workspaces';
import type { GraphQLContext } from './context';
import { DEFAULTS, WORKSPACE_ID } from './types/arguments';
import { mapPage } from './types/connection';
import {
  CreateWebhookInput,
  CreateWebhookPayload,
  DeliveriesArgs,
  RedeliverEventArgs,
  UpdateWebhookInput,
  Webhook,
  WebhookArgs,
  WebhookDelivery,
  WebhookDeliveryConnection,
} from './types/webhook';

@Resolver(() => Webhook)
export class WebhookResolver {
  @Query(() => [Webhook], {
    description: "The workspace's webhooks with their state, oldest first. Needs the scope webhooks:write.",
  })
  async webhooks(
    @Arg('workspaceId', () => ID, WORKSPACE_ID)
    workspaceId: string,
    @Ctx() { services, snapshot }: GraphQLContext,
  ): Promise<Webhook[]> {
    await getCallersWorkspace(snapshot, workspaceId, snapshot.asOf);
    return (await listWebhooks(snapshot, services.webhooks.box, workspaceId)).map(Webhook.of);
  }

  @Mutation(() => CreateWebhookPayload, {
    description:
      'Creates a webhook, which gets every event from now on. The secret is shown once. Needs the scope webhooks:write.',
  })
  async createWebhook(
    @Arg('input', () => CreateWebhookInput, { description: 'The address, and the types of events.' })
    { workspaceId, ...input }: CreateWebhookInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<CreateWebhookPayload> {
    return CreateWebhookPayload.of(await services.webhooks.create(workspaceId, input, tokenActor(principal)));
  }

  @Mutation(() => Webhook, {
    description:
      'Changes a webhook. When it becomes ACTIVE, the events that were held are sent. Needs the scope webhooks:write.',
  })
  async updateWebhook(
    @Arg('input', () => UpdateWebhookInput, { description: 'The webhook, and its changes.' })
    { workspaceId, id, ...change }: UpdateWebhookInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<Webhook> {
    return Webhook.of(await services.webhooks.update(workspaceId, id, change, tokenActor(principal)));
  }

  @Mutation(() => Boolean, {
    description:
      'Removes a webhook with its deliveries; events remain. Returns false when there is no webhook with this id. Needs the scope webhooks:write.',
  })
  deleteWebhook(
    @Args(() => WebhookArgs) { workspaceId, id }: WebhookArgs,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<boolean> {
    return services.webhooks.remove(workspaceId, id, tokenActor(principal));
  }

  @Mutation(() => CreateWebhookPayload, {
    description:
      'Makes a new secret, which is shown once. For a day events are signed with the old one as well. Needs the scope webhooks:write.',
  })
  async rotateWebhookSecret(
    @Args(() => WebhookArgs) { workspaceId, id }: WebhookArgs,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<CreateWebhookPayload> {
    return CreateWebhookPayload.of(await services.webhooks.rotate(workspaceId, id, tokenActor(principal)));
  }

  @Mutation(() => WebhookDelivery, {
    description:
      'Sends one event again to one webhook, with the same id and body. Needs the scope webhooks:write.',
  })
  async redeliverEvent(
    @Args(() => RedeliverEventArgs) { workspaceId, webhookId, eventId }: RedeliverEventArgs,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<WebhookDelivery> {
    return WebhookDelivery.of(
      await services.webhooks.redeliver(workspaceId, webhookId, eventId, tokenActor(principal)),
    );
  }

  @FieldResolver(() => WebhookDeliveryConnection, {
    description: 'Sent and waiting deliveries, the newest event first (Relay connection).',
  })
  async deliveries(
    @Root() webhook: Webhook,
    @Args(() => DeliveriesArgs) query: DeliveriesArgs,
    @Ctx() { snapshot }: GraphQLContext,
  ): Promise<InstanceType<typeof WebhookDeliveryConnection>> {
    const page = await listDeliveries(snapshot, webhook, { ...query, first: query.first ?? DEFAULTS.first });
    return new WebhookDeliveryConnection(mapPage(page, WebhookDelivery.of));
  }
}
