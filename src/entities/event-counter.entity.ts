import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** The number of a workspace's last event. It is a separate row, since saves lock the workspace's row. */
@Entity({ name: 'event_counters' })
export class EventCounter {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'event_counters_pkey' })
  @ForeignKey(() => Workspace, { name: 'event_counters_workspace_fkey' })
  workspaceId!: string;

  @Column({ name: 'last_sequence', type: 'bigint' })
  lastSequence!: bigint;
}
