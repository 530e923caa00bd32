import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Customer } from './customer.entity';

/** A customer's charged turns in one local month of the workspace's zone. A month without charged turns has no row. */
@Entity({ name: 'customer_months' })
@ForeignKey(() => Customer, ['workspaceId', 'customerId'], ['workspaceId', 'id'], {
  name: 'customer_months_customer_fkey',
})
@Index('customer_months_by_customer', ['workspaceId', 'customerId', 'month'])
export class CustomerMonth {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'customer_months_pkey' })
  workspaceId!: string;

  /** The month's first day, 'YYYY-MM-01'. */
  @PrimaryColumn({ name: 'month', type: 'date', primaryKeyConstraintName: 'customer_months_pkey' })
  month!: string;

  @PrimaryColumn({ name: 'customer_id', type: 'uuid', primaryKeyConstraintName: 'customer_months_pkey' })
  customerId!: string;

  @Column({ name: 'messages', type: 'bigint' })
  messages!: bigint;

  @Column({ name: 'cost_micros', type: 'bigint' })
  costMicros!: bigint;

  @Column({ name: 'first_at', type: 'timestamptz' })
  firstAt!: Date;

  @Column({ name: 'last_at', type: 'timestamptz' })
  lastAt!: Date;
}
