import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { Workspace } from './workspace.entity';

/** Something that was reported to callers. Never changed; deleted after 400 days. */
@Entity({ name: 'events' })
@Unique('events_one_per_sequence', ['workspaceId', 'sequence'])
@Check(
  'events_type_known',
  "type IN ('BUDGET_THRESHOLD', 'BUDGET_FORECAST', 'STATEMENT_CLOSED', 'USAGE_VOIDED')",
)
@Index('events_by_type', ['workspaceId', 'type', 'sequence'])
@Index('events_by_age', ['occurredAt'])
export class Event {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'events_pkey' })
  @ForeignKey(() => Workspace, { name: 'events_workspace_fkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'events_pkey' })
  id!: string;

  /** 1, 2, 3, … in its workspace. */
  @Column({ name: 'sequence', type: 'bigint' })
  sequence!: bigint;

  @Column({ name: 'type', type: 'text' })
  type!: string;

  @Column({ name: 'occurred_at', type: 'timestamptz' })
  occurredAt!: Date;

  /** The JSON exactly as it is sent, byte by byte. */
  @Column({ name: 'body', type: 'text' })
  body!: string;
}
