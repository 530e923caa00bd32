import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { Charge } from './charge.entity';

/** Why and by whom a charge was taken back. The ledger has a reversal for it, which is a row of charges. */
@Entity({ name: 'voids' })
@Unique('voids_reversal_unique', ['workspaceId', 'reversalId'])
@ForeignKey(() => Charge, ['workspaceId', 'chargeId'], ['workspaceId', 'id'], { name: 'voids_charge_fkey' })
@ForeignKey(() => Charge, ['workspaceId', 'reversalId'], ['workspaceId', 'id'], {
  name: 'voids_reversal_fkey',
})
export class Void {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'voids_pkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'charge_id', type: 'uuid', primaryKeyConstraintName: 'voids_pkey' })
  chargeId!: string;

  @Column({ name: 'reversal_id', type: 'uuid' })
  reversalId!: string;

  /** It may name a person; it becomes 'erased' when the person is erased. */
  @Column({ name: 'reason', type: 'text' })
  reason!: string;

  /** As in the audit trail: 'operator', or 'token:' and its id. */
  @Column({ name: 'actor', type: 'text' })
  actor!: string;

  /** The name of the token or operator at that time. */
  @Column({ name: 'actor_name', type: 'text' })
  actorName!: string;

  @Column({ name: 'voided_at', type: 'timestamptz' })
  voidedAt!: Date;
}
