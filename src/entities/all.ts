// Every table, for the DataSource. TypeORM compares them with what the migrations make (test/entities.test.ts).
import { AuditEntry } from './audit-entry.entity';
import { Budget } from './budget.entity';
import { BudgetFiring } from './budget-firing.entity';
import { BudgetSweep } from './budget-sweep.entity';
import { ChannelPrice } from './channel-price.entity';
import { Charge } from './charge.entity';
import { ClosingSchedule } from './closing-schedule.entity';
import { CostDay } from './cost-day.entity';
import { Customer } from './customer.entity';
import { CustomerCostDay } from './customer-cost-day.entity';
import { CustomerDay } from './customer-day.entity';
import { CustomerMonth } from './customer-month.entity';
import { DimensionDay } from './dimension-day.entity';
import { DimensionValue } from './dimension-value.entity';
import { Erasure } from './erasure.entity';
import { Event } from './event.entity';
import { EventCounter } from './event-counter.entity';
import { Message } from './message.entity';
import { ModelPrice } from './model-price.entity';
import { Price } from './price.entity';
import { Statement } from './statement.entity';
import { StatementLine } from './statement-line.entity';
import { TextRetention } from './text-retention.entity';
import { Token } from './token.entity';
import { TokenWorkspace } from './token-workspace.entity';
import { UsageSlot } from './usage-slot.entity';
import { Void } from './void.entity';
import { Webhook } from './webhook.entity';
import { WebhookDelivery } from './webhook-delivery.entity';
import { Workspace } from './workspace.entity';
import { ZoneStamp } from './zone-stamp.entity';

export const ALL_ENTITIES = [
  Workspace,
  Price,
  ChannelPrice,
  ModelPrice,
  Customer,
  Message,
  Charge,
  UsageSlot,
  CustomerDay,
  CustomerMonth,
  DimensionValue,
  DimensionDay,
  CostDay,
  CustomerCostDay,
  ZoneStamp,
  Token,
  TokenWorkspace,
  AuditEntry,
  Void,
  Statement,
  StatementLine,
  ClosingSchedule,
  Budget,
  BudgetFiring,
  BudgetSweep,
  EventCounter,
  Event,
  Webhook,
  WebhookDelivery,
  Erasure,
  TextRetention,
];
