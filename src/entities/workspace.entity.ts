import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** Whose usage it is, in which zone and currency. The ids are the operator's own. */
@Entity({ name: 'workspaces' })
@Check('workspaces_id_form', `id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'`)
@Check('workspaces_currency_form', `currency ~ '^[A-Z]{3}$'`)
export class Workspace {
  @PrimaryColumn({ name: 'id', type: 'text', primaryKeyConstraintName: 'workspaces_pkey' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** IANA zone: days, weeks, months and hours of the day are this zone's. */
  @Column({ name: 'time_zone', type: 'text' })
  timeZone!: string;

  /** ISO 4217; fixed at creation. */
  @Column({ name: 'currency', type: 'text' })
  currency!: string;

  /** Grows with every change of zone or price; a batch that decided on an older one decides again. */
  @Column({ name: 'settings_version', type: 'bigint', default: 1 })
  settingsVersion!: bigint;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  /** Since when it takes no more turns; null: it does. */
  @Column({ name: 'archived_at', type: 'timestamptz', nullable: true })
  archivedAt!: Date | null;

  /** Grows with every month that is closed; each ledger line has the one in which it was posted. */
  @Column({ name: 'epoch', type: 'integer', default: 1 })
  epoch!: number;

  /** The two pads of the HMAC by which idempotency keys are known: a secret. */
  @Column({ name: 'key_pads', type: 'bytea', default: () => 'new_key_pads()' })
  keyPads!: Buffer;
}
