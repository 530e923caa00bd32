import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Workspace } from './workspace.entity';

/** An address that events are sent to. */
@Entity({ name: 'webhooks' })
@Check('webhooks_state_known', "state IN ('ACTIVE', 'PAUSED', 'DISABLED')")
@Check('webhooks_old_secret_ends', '(sealed_old_secret IS NULL) = (old_secret_until IS NULL)')
export class Webhook {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'webhooks_pkey' })
  @ForeignKey(() => Workspace, { name: 'webhooks_workspace_fkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'webhooks_pkey' })
  id!: string;

  /** Sealed with SECRETS_KEY, as the secrets are. */
  @Column({ name: 'sealed_url', type: 'bytea' })
  sealedUrl!: Buffer;

  @Column({ name: 'sealed_secret', type: 'bytea' })
  sealedSecret!: Buffer;

  /** The secret before the last rotation signs too until oldSecretUntil. */
  @Column({ name: 'sealed_old_secret', type: 'bytea', nullable: true })
  sealedOldSecret!: Buffer | null;

  @Column({ name: 'old_secret_until', type: 'timestamptz', nullable: true })
  oldSecretUntil!: Date | null;

  /** The types of events that are sent. */
  @Column({ name: 'events', type: 'jsonb' })
  events!: string[];

  @Column({ name: 'state', type: 'text' })
  state!: string;

  /** When the first call failed since which none succeeded. */
  @Column({ name: 'failing_since', type: 'timestamptz', nullable: true })
  failingSince!: Date | null;

  /** When it last became ACTIVE: a delivery that was tried before starts its schedule anew. */
  @Column({ name: 'active_since', type: 'timestamptz' })
  activeSince!: Date;

  /** The receiver asked (Retry-After) to be called no sooner. */
  @Column({ name: 'not_before', type: 'timestamptz', nullable: true })
  notBefore!: Date | null;
}
