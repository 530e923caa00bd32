import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** An opaque token of a program or an analyst. The token itself is shown once and never stored. */
@Entity({ name: 'tokens' })
@Unique('tokens_hash_unique', ['hash'])
@Check('tokens_kind_known', `kind IN ('SERVICE', 'CLIENT', 'ANALYST')`)
export class Token {
  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'tokens_pkey' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** SERVICE, CLIENT or ANALYST. People (USER) use a JWT and have no row. */
  @Column({ name: 'kind', type: 'text' })
  kind!: string;

  /** SHA-256 of the token. TypeORM reads it only when a query names it. */
  @Column({ name: 'hash', type: 'bytea', select: false })
  hash!: Buffer;

  /** Prefix and last four characters, so that people can tell tokens apart. */
  @Column({ name: 'hint', type: 'text' })
  hint!: string;

  /** Such as usage:read; auth/principal.ts has all of them. */
  @Column({ name: 'scopes', type: 'text', array: true })
  scopes!: string[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt!: Date | null;

  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt!: Date | null;
}
