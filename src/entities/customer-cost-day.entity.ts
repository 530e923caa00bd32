import { Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { CostFigures } from './cost-figures';
import { Customer } from './customer.entity';

/** What a customer's turns cost in one local day of the workspace's zone; the figures are those of cost_days. */
@Entity({ name: 'customer_cost_days' })
@ForeignKey(() => Customer, ['workspaceId', 'customerId'], ['workspaceId', 'id'], {
  name: 'customer_cost_days_customer_fkey',
})
@Index('customer_cost_days_by_customer', ['workspaceId', 'customerId', 'day'])
export class CustomerCostDay extends CostFigures {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'customer_cost_days_pkey' })
  workspaceId!: string;

  /** 'YYYY-MM-DD'. */
  @PrimaryColumn({ name: 'day', type: 'date', primaryKeyConstraintName: 'customer_cost_days_pkey' })
  day!: string;

  @PrimaryColumn({ name: 'customer_id', type: 'uuid', primaryKeyConstraintName: 'customer_cost_days_pkey' })
  customerId!: string;
}
