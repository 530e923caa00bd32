import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** One person's erasure: a running one, or the receipt of a finished one. It holds no contact. */
@Entity({ name: 'erasures' })
@Index('erasures_due', ['dueAt'], { where: 'finished_at IS NULL' })
@Index('erasures_by_actor', ['actor', 'requestedAt'])
export class Erasure {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'erasures_pkey' })
  @ForeignKey(() => Workspace, { name: 'erasures_workspace_fkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'erasures_pkey' })
  id!: string;

  /** The erased customers; empty: the person was never registered. */
  @Column({ name: 'customer_ids', type: 'uuid', array: true })
  customerIds!: string[];

  /** HMAC-SHA-256 of their contacts, computed with the workspace's key_pads. */
  @Column({ name: 'contact_hmacs', type: 'bytea', array: true })
  contactHmacs!: Buffer[];

  /** As in the audit trail: 'operator', or 'token:' and its id. */
  @Column({ name: 'actor', type: 'text' })
  actor!: string;

  @Column({ name: 'reason', type: 'text' })
  reason!: string;

  @Column({ name: 'requested_at', type: 'timestamptz' })
  requestedAt!: Date;

  /** When a server continues it, unless another one is working on it. */
  @Column({ name: 'due_at', type: 'timestamptz' })
  dueAt!: Date;

  /** The last turn that was processed; null: none yet. */
  @Column({ name: 'walked_at', type: 'timestamptz', nullable: true })
  walkedAt!: Date | null;

  @Column({ name: 'walked_id', type: 'uuid', nullable: true })
  walkedId!: string | null;

  /** Turns whose texts and contacts were removed. */
  @Column({ name: 'messages', type: 'bigint' })
  messages!: bigint;

  /** Charges of the person that remain, without those taken back. */
  @Column({ name: 'charges', type: 'bigint' })
  charges!: bigint;

  /** The sum of the person's ledger lines. */
  @Column({ name: 'amount_micros', type: 'bigint' })
  amountMicros!: bigint;

  /** Null while it runs. */
  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt!: Date | null;
}
