import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { Workspace } from './workspace.entity';

/** A workflow, a channel or a model that turns of a workspace have. A turn stores its number, which never changes its meaning. */
@Entity({ name: 'dimension_values' })
@Unique('dimension_values_unique', ['workspaceId', 'dimension', 'value'])
@Check('dimension_values_number_range', 'number BETWEEN 1 AND 200')
export class DimensionValue {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'dimension_values_pkey' })
  @ForeignKey(() => Workspace, { name: 'dimension_values_workspace_fkey' })
  workspaceId!: string;

  /** One of services/turns/dimensions.ts. */
  @PrimaryColumn({ name: 'dimension', type: 'text', primaryKeyConstraintName: 'dimension_values_pkey' })
  dimension!: string;

  /** In the order in which they came. */
  @PrimaryColumn({ name: 'number', type: 'smallint', primaryKeyConstraintName: 'dimension_values_pkey' })
  number!: number;

  @Column({ name: 'value', type: 'text' })
  value!: string;
}
