// What every resolver gets: the caller, the services, and the one snapshot that all answers of a request are read from.
import type { Principal } from '../auth/principal';
import type { Snapshot } from '../database/snapshot';
import type { CustomerService } from '../services/customers/customer-service';
import type { ClosingService } from '../services/ledger/closing';
import type { VoidService } from '../services/ledger/voids';
import type { Eraser } from '../services/people/erasure';
import type { BudgetService } from '../services/signals/budget-service';
import type { LiveFeed } from '../services/signals/live-feed';
import type { ServeAdvisor } from '../services/signals/serve-decision';
import type { WebhookService } from '../services/signals/webhook-service';
import type { SaveMessageService } from '../services/turns/save-message';
import { createLoaders, type Loaders } from './loaders';
import { Texts } from './texts';

/** Services that write or keep state; other reads are functions of the snapshot. */
export interface GraphQLServices {
  readonly saveMessages: SaveMessageService;
  readonly customers: CustomerService;
  readonly voids: VoidService;
  readonly closing: ClosingService;
  readonly budgets: BudgetService;
  readonly serveAdvisor: ServeAdvisor;
  readonly eraser: Eraser;
  readonly webhooks: WebhookService;
  readonly liveFeed: LiveFeed;
}

export interface GraphQLContext {
  readonly requestId: string;
  readonly principal: Principal;
  readonly services: GraphQLServices;
  readonly snapshot: Snapshot;
  readonly loaders: Loaders;
  readonly texts: Texts;
  /** True when the caller no longer waits for the answer. */
  readonly isGone: () => boolean;
}

/** One for each request. Its maker ends its snapshot when the response is sent. */
export const createContext = (request: Omit<GraphQLContext, 'loaders' | 'texts'>): GraphQLContext => ({
  ...request,
  loaders: createLoaders(request.snapshot),
  texts: new Texts(request.snapshot),
});
