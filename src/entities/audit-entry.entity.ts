import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** Append-only: who changed what. It has no foreign key, since an entry outlives its workspace. */
@Entity({ name: 'audit_entries' })
@Index('audit_entries_by_workspace', ['workspaceId', 'id'])
export class AuditEntry {
  @PrimaryGeneratedColumn('identity', {
    name: 'id',
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'audit_entries_pkey',
  })
  id!: bigint;

  @Column({ name: 'at', type: 'timestamptz' })
  at!: Date;

  /** Who did it: the name of a person or a token. */
  @Column({ name: 'actor', type: 'text' })
  actor!: string;

  /** Such as workspace.created. */
  @Column({ name: 'action', type: 'text' })
  action!: string;

  @Column({ name: 'workspace_id', type: 'text', nullable: true })
  workspaceId!: string | null;

  /** The id of what was changed. */
  @Column({ name: 'subject', type: 'text' })
  subject!: string;

  @Column({ name: 'before', type: 'jsonb', nullable: true })
  before!: Record<string, unknown> | null;

  @Column({ name: 'after', type: 'jsonb', nullable: true })
  after!: Record<string, unknown> | null;
}
