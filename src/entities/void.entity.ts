import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { Charge } from './charge.entity';

/** Why a charge was taken back, and by whom. The ledger's line for it is a reversal among the charges. */
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

  /** May name a person; 'erased' once they are. */
  @Column({ name: 'reason', type: 'text' })
  reason!: string;

  /** As in the audit trail: 'operator', or 'token:' and its id. */
  @Column({ name: 'actor', type: 'text' })
  actor!: string;

  /** The token's or the operator's name at that time. */
  @Column({ name: 'actor_name', type: 'text' })
  actorName!: string;

  @Column({ name: 'voided_at', type: 'timestamptz' })
  voidedAt!: Date;
}
