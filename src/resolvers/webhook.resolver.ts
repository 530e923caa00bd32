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
    description: 'Where events are sent, and how that goes, the oldest webhook first. Scope webhooks:write.',
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
      'Makes a webhook, which is told of each event from now on. The secret is shown once. Scope webhooks:write.',
  })
  async createWebhook(
    @Arg('input', () => CreateWebhookInput, { description: 'Where to, and what.' })
    { workspaceId, ...input }: CreateWebhookInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<CreateWebhookPayload> {
    return CreateWebhookPayload.of(await services.webhooks.create(workspaceId, input, tokenActor(principal)));
  }

  @Mutation(() => Webhook, {
    description:
      'Changes a webhook. What becomes ACTIVE is sent all that was held meanwhile. Scope webhooks:write.',
  })
  async updateWebhook(
    @Arg('input', () => UpdateWebhookInput, { description: 'Which one, and what changes.' })
    { workspaceId, id, ...change }: UpdateWebhookInput,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<Webhook> {
    return Webhook.of(await services.webhooks.update(workspaceId, id, change, tokenActor(principal)));
  }

  @Mutation(() => Boolean, {
    description:
      'Removes a webhook with its deliveries; events stay. False when there is none of this id. Scope webhooks:write.',
  })
  deleteWebhook(
    @Args(() => WebhookArgs) { workspaceId, id }: WebhookArgs,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<boolean> {
    return services.webhooks.remove(workspaceId, id, tokenActor(principal));
  }

  @Mutation(() => CreateWebhookPayload, {
    description:
      'A new secret, shown once. The old one signs beside the new one for a day. Scope webhooks:write.',
  })
  async rotateWebhookSecret(
    @Args(() => WebhookArgs) { workspaceId, id }: WebhookArgs,
    @Ctx() { services, principal }: GraphQLContext,
  ): Promise<CreateWebhookPayload> {
    return CreateWebhookPayload.of(await services.webhooks.rotate(workspaceId, id, tokenActor(principal)));
  }

  @Mutation(() => WebhookDelivery, {
    description: 'Sends one event again to one webhook: same id, same body. Scope webhooks:write.',
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
    description: 'What was sent and is to be sent, the newest event first (Relay connection).',
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
