// The result of a save. The save fills it from memory, so that nothing is read after the COMMIT.
import type { AppError } from '../../errors';
import type { Customer } from '../customers/customers';
import type { Workspace } from '../workspaces/workspaces';
import type { TrackingOutcome } from './tracking';
import type { UsageVoid } from './usage-void';

export interface SavedCharge {
  id: string;
  amountMicros: bigint;
  occurredAt: Date;
  savedAt: Date;
  /** Null unless it was taken back. */
  voided: UsageVoid | null;
}

export interface SavedMessage {
  id: string;
  workspace: Workspace;
  customer: Customer | null;
  phoneNumber: string | null;
  whatsappUserId: string | null;
  message: string;
  response: string | null;
  /** Why there is no response, when the caller said. */
  failure: string | null;
  occurredAt: Date;
  savedAt: Date;
  /** When its texts and contact were removed; a retry is then not compared. Null: they are stored. */
  textRemovedAt: Date | null;
  outcome: TrackingOutcome;
  charge: SavedCharge | null;
}

export interface SaveResult {
  message: SavedMessage;
  /** True when this idempotency key was saved before: nothing was written or charged again. */
  replayed: boolean;
}

/** How one turn ended. An AppError that is not retryable is final for the caller. */
export type Settlement = { ok: SaveResult } | { error: AppError };
