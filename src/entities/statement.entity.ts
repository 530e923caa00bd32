import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { Workspace } from './workspace.entity';

/**
 * One closed month. The closing fixes which lines it has (by month and epoch); they are written afterwards, and the
 * statement is then sealed.
 */
@Entity({ name: 'statements' })
@Unique('statements_one_per_month', ['workspaceId', 'month'])
@Unique('statements_one_per_epoch', ['workspaceId', 'epoch'])
@Check(
  'statements_sealed_whole',
  'num_nulls(messages, total_micros, carried_micros, ledger_lines, prices, sha256, sealed_at) IN (0, 7)',
)
@Index('statements_unsealed', ['closedAt'], { where: 'sealed_at IS NULL' })
export class Statement {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'statements_pkey' })
  @ForeignKey(() => Workspace, { name: 'statements_workspace_fkey' })
  workspaceId!: string;

  /** 1, 2, 3, … without a gap. */
  @PrimaryColumn({ name: 'number', type: 'integer', primaryKeyConstraintName: 'statements_pkey' })
  number!: number;

  /** The month's first day. */
  @Column({ name: 'month', type: 'date' })
  month!: string;

  /** The workspace's epoch that this closing ended. */
  @Column({ name: 'epoch', type: 'integer' })
  epoch!: number;

  @Column({ name: 'time_zone', type: 'text' })
  timeZone!: string;

  @Column({ name: 'from_at', type: 'timestamptz' })
  fromAt!: Date;

  @Column({ name: 'to_at', type: 'timestamptz' })
  toAt!: Date;

  @Column({ name: 'closed_at', type: 'timestamptz' })
  closedAt!: Date;

  @Column({ name: 'closed_by', type: 'text' })
  closedBy!: string;

  /** Charges minus reversals. This column and those below are null until the statement is sealed. */
  @Column({ name: 'messages', type: 'bigint', nullable: true })
  messages!: bigint | null;

  @Column({ name: 'total_micros', type: 'bigint', nullable: true })
  totalMicros!: bigint | null;

  /** The part of the total that belongs to earlier months. */
  @Column({ name: 'carried_micros', type: 'bigint', nullable: true })
  carriedMicros!: bigint | null;

  @Column({ name: 'ledger_lines', type: 'bigint', nullable: true })
  ledgerLines!: bigint | null;

  /** The prices of its charges, each with its number of charges. */
  @Column({ name: 'prices', type: 'jsonb', nullable: true })
  prices!: object | null;

  /** The SHA-256 of its ledger lines in their fixed form, in hexadecimal digits. */
  @Column({ name: 'sha256', type: 'text', nullable: true })
  sha256!: string | null;

  @Column({ name: 'sealed_at', type: 'timestamptz', nullable: true })
  sealedAt!: Date | null;
}
