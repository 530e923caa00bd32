// Receipts in a file, one JSON per line, to erase people again after a backup was restored.
import { badInput } from '../../errors';
import { isUuid } from '../../values/ids';
import { formatMicros, parseAmount } from '../../values/money';
import { formatInstant, parseInstant } from '../../values/time';
import type { Receipt } from './receipts';

export const receiptJson = (receipt: Receipt, currency: string): object => ({
  workspaceId: receipt.workspaceId,
  id: receipt.id,
  erasedAt: formatInstant(receipt.erasedAt),
  messages: Number(receipt.messages),
  charges: Number(receipt.charges),
  amount: formatMicros(receipt.amountMicros, currency),
  currency,
  customerIds: receipt.customerIds,
  contactHmacs: receipt.contactHmacs.map((hmac) => hmac.toString('hex')),
});

/** Throws BAD_USER_INPUT, which names the line. The whole file is read before anything is done. */
export function readReceipts(text: string): Receipt[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const receipts = lines.flatMap((line, index) => (line === '' ? [] : [readReceipt(line, index + 1)]));
  if (receipts.length === 0) throw badInput('The file has no receipt. Nothing was done.');
  return receipts;
}

function readReceipt(line: string, number: number): Receipt {
  try {
    const value: unknown = JSON.parse(line);
    return {
      workspaceId: textOf(value, 'workspaceId'),
      id: uuid(textOf(value, 'id')),
      erasedAt: parseInstant(textOf(value, 'erasedAt')),
      messages: countOf(value, 'messages'),
      charges: countOf(value, 'charges'),
      amountMicros: parseAmount(textOf(value, 'amount')),
      customerIds: listOf(value, 'customerIds').map(uuid),
      contactHmacs: listOf(value, 'contactHmacs').map(digest),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badInput(
      `Line ${number} is not a receipt of customer erasures --ndjson: ${why}. Nothing was done.`,
    );
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;

function textOf(value: unknown, name: string): string {
  const field = fieldOf(value, name);
  if (typeof field !== 'string') throw new Error(`${name} must be a text`);
  return field;
}

function countOf(value: unknown, name: string): bigint {
  const field = fieldOf(value, name);
  if (typeof field !== 'number' || !Number.isSafeInteger(field) || field < 0)
    throw new Error(`${name} must be a whole number`);
  return BigInt(field);
}

function listOf(value: unknown, name: string): string[] {
  const field = fieldOf(value, name);
  if (!Array.isArray(field)) throw new Error(`${name} must be a list`);
  return field.map((entry: unknown) => {
    if (typeof entry !== 'string') throw new Error(`${name} must be a list of texts`);
    return entry;
  });
}

function uuid(text: string): string {
  if (!isUuid(text)) throw new Error(`${JSON.stringify(text.slice(0, 64))} is not a UUID`);
  return text.toLowerCase();
}

function digest(text: string): Buffer {
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new Error('a contact is 64 hexadecimal digits');
  return Buffer.from(text, 'hex');
}
