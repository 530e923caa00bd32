import type {
  IAuthenticateGeneric,
  ICredentialTestRequest,
  ICredentialType,
  Icon,
  INodeProperties,
} from 'n8n-workflow';

export class CentesimoApi implements ICredentialType {
  name = 'centesimoApi';

  displayName = 'Centesimo API';

  icon: Icon = { light: 'file:../icons/centesimo.svg', dark: 'file:../icons/centesimo.dark.svg' };

  documentationUrl = 'https://docs.n8n.io/integrations/community-nodes/usage/';

  properties: INodeProperties[] = [
    {
      displayName: 'Server Address',
      name: 'url',
      type: 'string',
      default: '',
      required: true,
      placeholder: 'http://localhost:3001',
      description:
        'Where Centesimo runs, without /graphql at the end. For saving turns it is the internal address, when the server has one (INTERNAL_PORT).',
    },
    {
      displayName: 'Token',
      name: 'token',
      type: 'string',
      typeOptions: { password: true },
      default: '',
      required: true,
      placeholder: 'ctm_svc_…',
      description:
        'A service token (ctm_svc_…) saves turns and registers customers. Get Usage needs a credential of its own with a client token (ctm_cli_…).',
    },
  ];

  authenticate: IAuthenticateGeneric = {
    type: 'generic',
    properties: { headers: { Authorization: '=Bearer {{$credentials.token}}' } },
  };

  test: ICredentialTestRequest = {
    request: {
      method: 'POST',
      url: '={{$credentials.url.trim().replace(/\\/+(graphql)?\\/*$/, "")}}/graphql',
      body: { query: '{ viewer { name kind } }' },
      json: true,
    },
  };
}
