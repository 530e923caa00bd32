import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/**
 * A workspace's charged turns of one value in one local day of the workspace's zone. Turns without a value have no row.
 * Split over shards, so that writers don't queue for one row: what counts is the sum of the shards, of which one may be
 * negative.
 */
@Entity({ name: 'dimension_days' })
@Check('dimension_days_shard_range', 'shard BETWEEN 0 AND 7')
export class DimensionDay {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'dimension_days_pkey' })
  @ForeignKey(() => Workspace, { name: 'dimension_days_workspace_fkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'dimension', type: 'text', primaryKeyConstraintName: 'dimension_days_pkey' })
  dimension!: string;

  /** 'YYYY-MM-DD'. */
  @PrimaryColumn({ name: 'day', type: 'date', primaryKeyConstraintName: 'dimension_days_pkey' })
  day!: string;

  /** The value's number; 0: the values beyond the 200. */
  @PrimaryColumn({ name: 'number', type: 'smallint', primaryKeyConstraintName: 'dimension_days_pkey' })
  number!: number;

  @PrimaryColumn({ name: 'shard', type: 'smallint', primaryKeyConstraintName: 'dimension_days_pkey' })
  shard!: number;

  @Column({ name: 'messages', type: 'bigint' })
  messages!: bigint;

  @Column({ name: 'cost_micros', type: 'bigint' })
  costMicros!: bigint;
}
