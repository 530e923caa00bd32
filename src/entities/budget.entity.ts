import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { Customer } from './customer.entity';
import { Workspace } from './workspace.entity';

/** A limit on what is charged in a day, week or month. */
@Entity({ name: 'budgets' })
@Unique('budgets_one_per_name', ['workspaceId', 'name'])
@ForeignKey(() => Customer, ['workspaceId', 'customerId'], ['workspaceId', 'id'], {
  name: 'budgets_customer_fkey',
})
@Check('budgets_subject_known', "subject IN ('WORKSPACE', 'EACH_CUSTOMER', 'CUSTOMER')")
@Check('budgets_customer_named', "(subject = 'CUSTOMER') = (customer_id IS NOT NULL)")
@Check('budgets_measure_known', "measure IN ('COST', 'MESSAGES')")
@Check('budgets_interval_known', "interval IN ('DAY', 'WEEK', 'MONTH')")
@Check('budgets_enforcement_known', "enforcement IN ('NOTIFY', 'STOP')")
@Check('budgets_limit_positive', 'limit_units > 0')
@Index('budgets_by_customer', ['workspaceId', 'customerId'])
export class Budget {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'budgets_pkey' })
  @ForeignKey(() => Workspace, { name: 'budgets_workspace_fkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'budgets_pkey' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'subject', type: 'text' })
  subject!: string;

  @Column({ name: 'customer_id', type: 'uuid', nullable: true })
  customerId!: string | null;

  @Column({ name: 'measure', type: 'text' })
  measure!: string;

  /** Micro-units of the workspace's currency, or turns. */
  @Column({ name: 'limit_units', type: 'bigint' })
  limitUnits!: bigint;

  @Column({ name: 'interval', type: 'text' })
  interval!: string;

  /** Percentages of the limit, rising. */
  @Column({ name: 'thresholds', type: 'jsonb' })
  thresholds!: number[];

  @Column({ name: 'forecast', type: 'boolean' })
  forecast!: boolean;

  @Column({ name: 'enforcement', type: 'text' })
  enforcement!: string;

  /** Grows when the budget becomes another limit: reports of an earlier version do not count for the new one. */
  @Column({ name: 'version', type: 'integer' })
  version!: number;

  /** Since when the version holds: periods that ended earlier are not checked. */
  @Column({ name: 'version_at', type: 'timestamptz' })
  versionAt!: Date;

  /**
   * The first local day of the period in which the forecast first passed the limit; forecastSeenAt is when that was
   * seen.
   */
  @Column({ name: 'forecast_period', type: 'date', nullable: true })
  forecastPeriod!: string | null;

  @Column({ name: 'forecast_seen_at', type: 'timestamptz', nullable: true })
  forecastSeenAt!: Date | null;
}
