import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { Workspace } from './workspace.entity';

/** Somebody whose turns are charged, known by a phone number, a WhatsApp user id, or both. */
@Entity({ name: 'customers' })
@Unique('customers_phone_number_unique', ['workspaceId', 'phoneNumber'])
@Unique('customers_whatsapp_user_id_unique', ['workspaceId', 'whatsappUserId'])
@Check(
  'customers_have_an_identity',
  '(erased_at IS NULL) = (phone_number IS NOT NULL OR whatsapp_user_id IS NOT NULL)',
)
// Names sort byte-wise (COLLATE "C"). TypeORM can't express that, so the migration makes the index.
@Index('customers_by_name', { synchronize: false })
@Index('customers_erased', ['workspaceId', 'erasedAt'], { where: 'erased_at IS NOT NULL' })
export class Customer {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'customers_pkey' })
  @ForeignKey(() => Workspace, { name: 'customers_workspace_fkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'id', type: 'uuid', primaryKeyConstraintName: 'customers_pkey' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  /** E.164, such as +393331234567. */
  @Column({ name: 'phone_number', type: 'text', nullable: true })
  phoneNumber!: string | null;

  @Column({ name: 'whatsapp_user_id', type: 'text', nullable: true })
  whatsappUserId!: string | null;

  @Column({ name: 'active_chatbot', type: 'boolean' })
  activeChatbot!: boolean;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;

  /** When the customer was erased; null: the identity is stored. */
  @Column({ name: 'erased_at', type: 'timestamptz', nullable: true })
  erasedAt!: Date | null;
}
