import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** By which zone data the local days of a workspace were cut. */
@Entity({ name: 'zone_stamps' })
export class ZoneStamp {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'zone_stamps_pkey' })
  @ForeignKey(() => Workspace, { name: 'zone_stamps_workspace_fkey' })
  workspaceId!: string;

  /** The zone at that time; another than the workspace's says nothing. */
  @Column({ name: 'time_zone', type: 'text' })
  timeZone!: string;

  /** The version of the zone data, such as 2025c. */
  @Column({ name: 'tzdata', type: 'text' })
  tzdata!: string;

  /** The zone's offsets since 2009 by that data, as zoneHistory writes them. */
  @Column({ name: 'history', type: 'text', array: true })
  history!: string[];
}
