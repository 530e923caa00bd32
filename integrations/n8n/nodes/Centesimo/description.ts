import type { INodeProperties } from 'n8n-workflow';
import { workspaceId } from '../shared/properties';

const show = (resource: string, operation: string[]) => ({ show: { resource: [resource], operation } });

const turn = show('turn', ['save', 'saveMany']);
const customer = show('customer', ['register']);
const contact = show('contact', ['mayIServe']);
const person = { show: { resource: ['contact', 'customer'], operation: ['mayIServe', 'register'] } };

const whatsappUserId: INodeProperties = {
  displayName: 'WhatsApp User ID',
  name: 'whatsappUserId',
  type: 'string',
  default: '',
  placeholder: 'IT.13491208655302741918',
  description: 'For contacts who hide their number: user_id or from_user_id of the event',
};

export const properties: INodeProperties[] = [
  {
    displayName: 'Resource',
    name: 'resource',
    type: 'options',
    noDataExpression: true,
    options: [
      { name: 'Contact', value: 'contact' },
      { name: 'Customer', value: 'customer' },
      { name: 'Turn', value: 'turn' },
    ],
    default: 'turn',
  },
  {
    displayName: 'Operation',
    name: 'operation',
    type: 'options',
    noDataExpression: true,
    displayOptions: { show: { resource: ['contact'] } },
    options: [
      {
        name: 'May I Serve?',
        value: 'mayIServe',
        action: 'Ask whether a contact may be served',
        description:
          'Ask before the model is paid: is the customer known and active, and is no budget reached?',
      },
    ],
    default: 'mayIServe',
  },
  {
    displayName: 'Operation',
    name: 'operation',
    type: 'options',
    noDataExpression: true,
    displayOptions: { show: { resource: ['turn'] } },
    options: [
      {
        name: 'Save',
        value: 'save',
        action: 'Save and charge a turn',
        description: 'Save one turn of a conversation and charge it, one request an item',
      },
      {
        name: 'Save Many',
        value: 'saveMany',
        action: 'Save and charge many turns',
        description: 'Save up to 500 items in one request: for catching up and for imports',
      },
    ],
    default: 'save',
  },
  {
    displayName: 'Operation',
    name: 'operation',
    type: 'options',
    noDataExpression: true,
    displayOptions: { show: { resource: ['customer'] } },
    options: [
      {
        name: 'Register',
        value: 'register',
        action: 'Register a customer',
        description: 'Register a customer, or update the one with the same phone number or WhatsApp user ID',
      },
    ],
    default: 'register',
  },
  workspaceId,
  {
    displayName: 'Idempotency Key',
    name: 'idempotencyKey',
    type: 'string',
    required: true,
    default: '',
    placeholder: 'wamid.HBgM…',
    description:
      "WhatsApp's message ID (of the message, wamid.…). The same key is saved and charged once, however often it is sent. Never a random value.",
    displayOptions: turn,
  },
  {
    displayName: 'Phone Number',
    name: 'phoneNumber',
    type: 'string',
    default: '',
    placeholder: '+39 333 123 4567',
    description:
      'With the country code: +39 333 123 4567, or as WhatsApp sends it, 393331234567. A number without it (333 123 4567) is refused or taken for another country. Empty for contacts who hide it.',
    displayOptions: turn,
  },
  {
    displayName: 'Message',
    name: 'message',
    type: 'string',
    default: '',
    description: 'What the customer wrote. Empty for an image, a sticker or a voice message.',
    displayOptions: turn,
  },
  {
    displayName: 'Response',
    name: 'response',
    type: 'string',
    default: '',
    description: 'What the model answered. Empty: the turn is saved and not charged.',
    displayOptions: turn,
  },
  {
    displayName: 'Additional Fields',
    name: 'additionalFields',
    type: 'collection',
    placeholder: 'Add Field',
    default: {},
    displayOptions: turn,
    options: [
      {
        displayName: 'Channel',
        name: 'channel',
        type: 'string',
        default: '',
        placeholder: 'whatsapp',
        description:
          'How the turn came in: whatsapp, web, voice. Reports are broken down by it. Always one of a few words, at most 50 characters.',
      },
      {
        displayName: 'Failure',
        name: 'failure',
        type: 'string',
        default: '',
        placeholder: 'The model timed out',
        description:
          'Why there is no response, for whoever looks at the figures. Kept only with a turn without one, and cut to 500 characters.',
      },
      {
        displayName: 'Model Usage',
        name: 'llm',
        type: 'json',
        default: '={{ $json }}',
        description:
          'What the model consumed: the output of the OpenAI or Anthropic node "Message a Model" with Simplify off, whose model and usage are saved. Or an object with model, inputTokens (the cached ones included), cachedInputTokens and outputTokens. Without usage in it the turn is saved without.',
      },
      {
        displayName: 'Occurred At',
        name: 'occurredAt',
        type: 'string',
        default: '',
        placeholder: '2025-01-06T10:13:25+01:00',
        description:
          "When the turn happened, with an offset: 2025-01-06T10:13:25+01:00, not 06/01/2025 10:13. WhatsApp's timestamp is in seconds: put it into DateTime.fromSeconds(Number(…)).toISO(). Empty: now.",
      },
      whatsappUserId,
      {
        displayName: 'Workflow',
        name: 'workflow',
        type: 'string',
        default: '={{ $workflow.name }}',
        description: 'Which workflow saved the turn. Reports are broken down by it. Cut to 100 characters.',
      },
    ],
  },
  {
    displayName: 'Name',
    name: 'name',
    type: 'string',
    required: true,
    default: '',
    placeholder: 'Mario Rossi',
    description: 'What the reports call the customer',
    displayOptions: customer,
  },
  {
    displayName: 'Phone Number',
    name: 'phoneNumber',
    type: 'string',
    default: '',
    placeholder: '+39 333 123 4567',
    description:
      'With the country code: +39 333 123 4567, or as WhatsApp sends it, 393331234567. This or the WhatsApp user ID is needed.',
    displayOptions: person,
  },
  {
    displayName: 'Additional Fields',
    name: 'additionalFields',
    type: 'collection',
    placeholder: 'Add Field',
    default: {},
    displayOptions: contact,
    options: [whatsappUserId],
  },
  {
    displayName: 'Additional Fields',
    name: 'additionalFields',
    type: 'collection',
    placeholder: 'Add Field',
    default: {},
    displayOptions: customer,
    options: [
      {
        displayName: 'Chatbot Active',
        name: 'activeChatbot',
        type: 'boolean',
        default: true,
        description:
          'Whether turns of this customer are charged. Not given: unchanged; a new customer starts active.',
      },
      whatsappUserId,
    ],
  },
  {
    displayName: 'Options',
    name: 'options',
    type: 'collection',
    placeholder: 'Add Option',
    default: {},
    options: [
      {
        displayName: 'Keep Trying For (Seconds)',
        name: 'keepTryingSeconds',
        type: 'number',
        typeOptions: { minValue: 0, maxValue: 600 },
        default: 60,
        description:
          'How long the node waits for a server that is down or restarting, before an item counts as failed. Trying again is safe: nothing is charged twice.',
      },
    ],
  },
];
