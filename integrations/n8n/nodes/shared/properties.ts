// Parameters that nodes have in common.
import type { INodeProperties } from 'n8n-workflow';

export const workspaceId: INodeProperties = {
  displayName: 'Workspace ID',
  name: 'workspaceId',
  type: 'string',
  required: true,
  default: '',
  placeholder: 'workspace-123',
  description: 'The ID of the workspace that the token was made for',
};
