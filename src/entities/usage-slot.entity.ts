import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** A workspace's turns in 15 minutes of UTC. It is split over shards, so that writers don't wait for one row. */
@Entity({ name: 'usage_slots' })
@Check('usage_slots_shard_range', 'shard BETWEEN 0 AND 7')
export class UsageSlot {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'usage_slots_pkey' })
  @ForeignKey(() => Workspace, { name: 'usage_slots_workspace_fkey' })
  workspaceId!: string;

  /** The slot's first instant: a full quarter of an hour. */
  @PrimaryColumn({ name: 'slot_at', type: 'timestamptz', primaryKeyConstraintName: 'usage_slots_pkey' })
  slotAt!: Date;

  @PrimaryColumn({ name: 'shard', type: 'smallint', primaryKeyConstraintName: 'usage_slots_pkey' })
  shard!: number;

  /** Charged turns. */
  @Column({ name: 'messages', type: 'bigint' })
  messages!: bigint;

  @Column({ name: 'cost_micros', type: 'bigint' })
  costMicros!: bigint;

  /** The first charged turn; null without one. */
  @Column({ name: 'first_at', type: 'timestamptz', nullable: true })
  firstAt!: Date | null;

  @Column({ name: 'last_at', type: 'timestamptz', nullable: true })
  lastAt!: Date | null;

  @Column({ name: 'no_response', type: 'bigint' })
  noResponse!: bigint;

  @Column({ name: 'unknown_customer', type: 'bigint' })
  unknownCustomer!: bigint;

  @Column({ name: 'inactive_customer', type: 'bigint' })
  inactiveCustomer!: bigint;
}
