import { Check, Column, Entity, ForeignKey, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** What the channel takes for one answered turn. Append-only; the price in force is found as that of `prices`. */
@Entity({ name: 'channel_prices' })
@Check('channel_prices_not_negative', 'amount_micros >= 0')
export class ChannelPrice {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'channel_prices_pkey' })
  @ForeignKey(() => Workspace, { name: 'channel_prices_workspace_fkey' })
  workspaceId!: string;

  @PrimaryGeneratedColumn('identity', {
    name: 'id',
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'channel_prices_pkey',
  })
  id!: bigint;

  @Column({ name: 'starts_at', type: 'timestamptz' })
  startsAt!: Date;

  @Column({ name: 'amount_micros', type: 'bigint' })
  amountMicros!: bigint;

  @Column({ name: 'recorded_at', type: 'timestamptz' })
  recordedAt!: Date;
}
