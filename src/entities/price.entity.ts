import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/**
 * Append-only. The price in force is the last one that started at or before a turn; if several start at the same
 * instant, the last recorded wins.
 */
@Entity({ name: 'prices' })
@Check('prices_not_negative', 'amount_micros >= 0')
// The index is descending. TypeORM can't express that, so the migration makes it.
@Index('prices_in_force', { synchronize: false })
export class Price {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'prices_pkey' })
  @ForeignKey(() => Workspace, { name: 'prices_workspace_fkey' })
  workspaceId!: string;

  @PrimaryGeneratedColumn('identity', {
    name: 'id',
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'prices_pkey',
  })
  id!: bigint;

  /** Stored as -infinity, which becomes null here: the price holds from the beginning of time. */
  @Column({ name: 'starts_at', type: 'timestamptz' })
  startsAt!: Date | null;

  @Column({ name: 'amount_micros', type: 'bigint' })
  amountMicros!: bigint;

  @Column({ name: 'recorded_at', type: 'timestamptz' })
  recordedAt!: Date;
}
