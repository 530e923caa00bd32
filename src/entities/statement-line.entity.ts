import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Customer } from './customer.entity';
import { Statement } from './statement.entity';

/** What one client used in one month, as it stood when the statement was closed. */
@Entity({ name: 'statement_lines' })
@ForeignKey(() => Statement, ['workspaceId', 'number'], ['workspaceId', 'number'], {
  name: 'statement_lines_statement_fkey',
})
@ForeignKey(() => Customer, ['workspaceId', 'customerId'], ['workspaceId', 'id'], {
  name: 'statement_lines_customer_fkey',
})
@Index('statement_lines_by_amount', ['workspaceId', 'number', 'month', 'amountMicros', 'customerId'])
@Index('statement_lines_by_customer', ['workspaceId', 'customerId'])
export class StatementLine {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'statement_lines_pkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'number', type: 'integer', primaryKeyConstraintName: 'statement_lines_pkey' })
  number!: number;

  /** The month of use: the statement's own, or an earlier one. */
  @PrimaryColumn({ name: 'month', type: 'date', primaryKeyConstraintName: 'statement_lines_pkey' })
  month!: string;

  @PrimaryColumn({ name: 'customer_id', type: 'uuid', primaryKeyConstraintName: 'statement_lines_pkey' })
  customerId!: string;

  @Column({ name: 'messages', type: 'bigint' })
  messages!: bigint;

  @Column({ name: 'amount_micros', type: 'bigint' })
  amountMicros!: bigint;
}
