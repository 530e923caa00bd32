import { Check, Column, Entity, ForeignKey, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** What a million tokens of one model cost. Append-only; of each model the price in force is found as that of `prices`. */
@Entity({ name: 'model_prices' })
@Check('model_prices_not_negative', 'LEAST(input_micros, cached_input_micros, output_micros) >= 0')
export class ModelPrice {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'model_prices_pkey' })
  @ForeignKey(() => Workspace, { name: 'model_prices_workspace_fkey' })
  workspaceId!: string;

  @PrimaryGeneratedColumn('identity', {
    name: 'id',
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'model_prices_pkey',
  })
  id!: bigint;

  @Column({ name: 'model', type: 'text' })
  model!: string;

  @Column({ name: 'starts_at', type: 'timestamptz' })
  startsAt!: Date;

  @Column({ name: 'input_micros', type: 'bigint' })
  inputMicros!: bigint;

  @Column({ name: 'cached_input_micros', type: 'bigint' })
  cachedInputMicros!: bigint;

  @Column({ name: 'output_micros', type: 'bigint' })
  outputMicros!: bigint;

  @Column({ name: 'recorded_at', type: 'timestamptz' })
  recordedAt!: Date;
}
