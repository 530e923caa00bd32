import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Customer } from './customer.entity';

/** A customer's charged turns in one local day of the workspace's zone. A day without charged turns has no row. */
@Entity({ name: 'customer_days' })
@ForeignKey(() => Customer, ['workspaceId', 'customerId'], ['workspaceId', 'id'], {
  name: 'customer_days_customer_fkey',
})
@Index('customer_days_by_customer', ['workspaceId', 'customerId', 'day'])
export class CustomerDay {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'customer_days_pkey' })
  workspaceId!: string;

  /** 'YYYY-MM-DD'. */
  @PrimaryColumn({ name: 'day', type: 'date', primaryKeyConstraintName: 'customer_days_pkey' })
  day!: string;

  @PrimaryColumn({ name: 'customer_id', type: 'uuid', primaryKeyConstraintName: 'customer_days_pkey' })
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
