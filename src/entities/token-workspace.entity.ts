import { Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Token } from './token.entity';
import { Workspace } from './workspace.entity';

/** A workspace that a token may access. */
@Entity({ name: 'token_workspaces' })
@Index('token_workspaces_by_token', ['tokenId'])
export class TokenWorkspace {
  @PrimaryColumn({ name: 'workspace_id', type: 'text', primaryKeyConstraintName: 'token_workspaces_pkey' })
  @ForeignKey(() => Workspace, { name: 'token_workspaces_workspace_fkey' })
  workspaceId!: string;

  @PrimaryColumn({ name: 'token_id', type: 'uuid', primaryKeyConstraintName: 'token_workspaces_pkey' })
  @ForeignKey(() => Token, { name: 'token_workspaces_token_fkey' })
  tokenId!: string;
}
