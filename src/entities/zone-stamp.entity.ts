import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** The zone data with which the local days of a workspace were computed. */
@Entity({ name: 'zone_stamps' })
export class ZoneStamp {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'zone_stamps_pkey' })
  @ForeignKey(() => Workspace, { name: 'zone_stamps_workspace_fkey' })
  workspaceId!: string;

  /** The workspace's zone at that time. If the workspace has another zone now, the row says nothing. */
  @Column({ name: 'time_zone', type: 'text' })
  timeZone!: string;

  /** The version of the zone data, such as 2025c. */
  @Column({ name: 'tzdata', type: 'text' })
  tzdata!: string;

  /** The zone's offsets since 2009 in that data, as zoneHistory writes them. */
  @Column({ name: 'history', type: 'text', array: true })
  history!: string[];
}
