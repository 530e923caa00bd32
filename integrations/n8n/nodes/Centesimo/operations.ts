// Each operation takes the fields of items and returns one result per item, in the order of the items.
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { CentesimoApi, Refusal } from '../shared/api';
import { toModelUsage } from './model-usage';

/** The result of one item. `sent` is what Centesimo got for it. */
export type Result = { sent: IDataObject } & (
  | { json: IDataObject; refusal?: undefined }
  | { refusal: Refusal }
);

const SAVE = `mutation SaveTurn($input: SaveMessageInput!) {
  saveMessage(input: $input) {
    replayed
    message { id tracking { outcome usage { price { amount currency } } } }
  }
}`;

const SAVE_MANY = `mutation SaveTurns($workspaceId: ID!, $items: [SaveMessageItem!]!) {
  saveMessages(workspaceId: $workspaceId, items: $items) {
    payload { replayed message { id tracking { outcome usage { price { amount currency } } } } }
    error { code message }
  }
}`;

const REGISTER = `mutation RegisterCustomer($input: RegisterCustomerInput!) {
  registerCustomer(input: $input) { id name phoneNumber whatsappUserId activeChatbot createdAt }
}`;

const MAY_I_SERVE = `query MayIServe($workspaceId: ID!, $phoneNumber: PhoneNumber, $whatsappUserId: String) {
  serveDecision(workspaceId: $workspaceId, phoneNumber: $phoneNumber, whatsappUserId: $whatsappUserId) {
    allowed reason resetsAt asOf
    customer { id name }
    budget { name limit measure interval state { used remaining usedPercent } }
  }
}`;

/** The most turns that the server accepts in one request. */
const MOST_ITEMS = 500;

interface Payload {
  replayed: boolean;
  message: {
    id: string;
    tracking: { outcome: string; usage: { price: { amount: string; currency: string } } | null };
  };
}

/** Flat, so that the next node's expressions are short. */
const toJson = (idempotencyKey: unknown, { replayed, message: { id, tracking } }: Payload): IDataObject => ({
  saved: true,
  replayed,
  outcome: tracking.outcome,
  charged: tracking.usage !== null,
  price: tracking.usage?.price.amount ?? null,
  currency: tracking.usage?.price.currency ?? null,
  messageId: id,
  idempotencyKey: String(idempotencyKey),
});

/** Absent, null and empty are the same to Centesimo, so fields without a value are left out. */
const given = (fields: IDataObject): IDataObject =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  );

function fieldsOf(node: IExecuteFunctions, names: readonly string[], index: number): IDataObject {
  const named = Object.fromEntries(names.map((name) => [name, node.getNodeParameter(name, index, '')]));
  const found = node.getNodeParameter('additionalFields', index, {});
  const more: IDataObject = typeof found === 'object' ? { ...(found as IDataObject) } : {};
  return shortened(given({ ...named, ...more, llm: toModelUsage(more.llm) } as IDataObject));
}

/** The most characters that Centesimo takes of what n8n itself words: a long error must not cost the turn. */
const MOST_CHARACTERS = { failure: 500, workflow: 100, channel: 50 };

const shortened = (fields: IDataObject): IDataObject => ({
  ...fields,
  ...Object.fromEntries(
    Object.entries(MOST_CHARACTERS)
      .filter(([name]) => fields[name] !== undefined)
      .map(([name, most]) => [name, Array.from(String(fields[name])).slice(0, most).join('')]),
  ),
});

const TURN = ['workspaceId', 'idempotencyKey', 'phoneNumber', 'message', 'response'];

type Run = (node: IExecuteFunctions, api: CentesimoApi, count: number) => Promise<Result[]>;

/** One request per item, one after another. */
const oneByOne =
  <T>(
    document: string,
    names: readonly string[],
    variables: (sent: IDataObject) => IDataObject,
    toOutput: (data: T, sent: IDataObject) => IDataObject,
  ): Run =>
  async (node, api, count) => {
    const results: Result[] = [];
    for (let index = 0; index < count; index += 1) {
      const sent = fieldsOf(node, names, index);
      const { data, refusal } = await api.send<T>(document, variables(sent));
      results.push(refusal ? { sent, refusal } : { sent, json: toOutput(data, sent) });
    }
    return results;
  };

const asInput = (sent: IDataObject): IDataObject => ({ input: sent });

export const saveTurns = oneByOne<{ saveMessage: Payload }>(SAVE, TURN, asInput, ({ saveMessage }, sent) =>
  toJson(sent.idempotencyKey, saveMessage),
);

interface BatchData {
  saveMessages: { payload: Payload | null; error: { code: string; message: string } | null }[];
}

/** One request for up to 500 items of one workspace. */
export async function saveManyTurns(
  node: IExecuteFunctions,
  api: CentesimoApi,
  count: number,
): Promise<Result[]> {
  const turns = Array.from({ length: count }, (_, index) => fieldsOf(node, TURN, index));
  const results: Result[] = [];
  for (const indexes of batchesOf(turns)) {
    const items = indexes.map((index) => asItem(turns[index] ?? {}));
    const workspaceId = turns[indexes[0] ?? 0]?.workspaceId ?? '';
    const { data, refusal } = await api.send<BatchData>(SAVE_MANY, { workspaceId, items });
    indexes.forEach((index, place) => {
      const sent = turns[index] ?? {};
      const { payload, error } = data?.saveMessages[place] ?? {};
      results[index] = payload
        ? { sent, json: toJson(sent.idempotencyKey, payload) }
        : { sent, refusal: error ? toRefusal(error) : (refusal ?? NOTHING_SAID) };
    });
  }
  return results;
}

/** An item is plain text, so that a bad one is refused by itself. */
const asItem = ({ llm, ...turn }: IDataObject): IDataObject => ({
  ...turn,
  // The request names the workspace once, outside its items.
  workspaceId: undefined,
  ...(llm && {
    llm: Object.fromEntries(Object.entries(llm as IDataObject).map(([name, value]) => [name, String(value)])),
  }),
});

const toRefusal = ({ code, message }: { code: string; message: string }): Refusal => ({
  code,
  message: message.startsWith('[') ? message : `[${code}] ${message}`,
  passing: false,
  retryAfterSeconds: undefined,
});

const NOTHING_SAID: Refusal = {
  code: undefined,
  message: 'Centesimo answered, and said nothing about this item.',
  passing: false,
  retryAfterSeconds: undefined,
};

/** Indexes of the turns, by workspace, at most 500 together. */
function batchesOf(turns: readonly IDataObject[]): number[][] {
  const byWorkspace = new Map<unknown, number[][]>();
  turns.forEach(({ workspaceId }, index) => {
    const batches = byWorkspace.get(workspaceId) ?? [];
    const last = batches.at(-1);
    if (last && last.length < MOST_ITEMS) last.push(index);
    else batches.push([index]);
    byWorkspace.set(workspaceId, batches);
  });
  return [...byWorkspace.values()].flat();
}

export const registerCustomers = oneByOne<{ registerCustomer: IDataObject }>(
  REGISTER,
  ['workspaceId', 'name', 'phoneNumber'],
  asInput,
  ({ registerCustomer }) => registerCustomer,
);

interface Decision {
  allowed: boolean;
  reason: string;
  resetsAt: string | null;
  asOf: string;
  customer: { id: string; name: string } | null;
  budget: IDataObject | null;
}

/** Flat, so that the next node's expressions are short. */
const toAnswer = ({ customer, ...decision }: Decision): IDataObject => ({
  ...decision,
  customerId: customer?.id ?? null,
  customerName: customer?.name ?? null,
});

export const askToServe = oneByOne<{ serveDecision: Decision }>(
  MAY_I_SERVE,
  ['workspaceId', 'phoneNumber'],
  (sent) => sent,
  ({ serveDecision }) => toAnswer(serveDecision),
);
