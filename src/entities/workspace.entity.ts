import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** A shop whose usage is metered, with its zone and currency. The operator chooses the id. */
@Entity({ name: 'workspaces' })
@Check('workspaces_id_form', `id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'`)
@Check('workspaces_currency_form', `currency ~ '^[A-Z]{3}$'`)
export class Workspace {
  @PrimaryColumn({ name: 'id', type: 'text', primaryKeyConstraintName: 'workspaces_pkey' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** IANA zone of its days, weeks, months and hours of the day. */
  @Column({ name: 'time_zone', type: 'text' })
  timeZone!: string;

  /** ISO 4217; fixed at creation. */
  @Column({ name: 'currency', type: 'text' })
  currency!: string;

  /** Grows with every change of zone or price. A batch that read an older version decides again. */
  @Column({ name: 'settings_version', type: 'bigint', default: 1 })
  settingsVersion!: bigint;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  /** Since when it takes no more turns; null: it takes them. */
  @Column({ name: 'archived_at', type: 'timestamptz', nullable: true })
  archivedAt!: Date | null;

  /** Grows with every closed month; each ledger line has the epoch in which it was posted. */
  @Column({ name: 'epoch', type: 'integer', default: 1 })
  epoch!: number;

  /** The two pads of the HMAC of idempotency keys: a secret. */
  @Column({ name: 'key_pads', type: 'bytea', default: () => 'new_key_pads()' })
  keyPads!: Buffer;
}
