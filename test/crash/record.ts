// The client's record, and the turn that belongs to a key: the same whenever the key is sent again.
import { readFileSync } from 'node:fs';

export interface Sent {
  kind: 'sent';
  key: string;
  /** Milliseconds of the client's clock. */
  at: number;
}

export interface Acknowledged {
  kind: 'acknowledged';
  key: string;
  at: number;
  id: string;
  outcome: string;
  replayed: boolean;
}

/** An answer that is neither an acknowledgement nor "try again": there must be none. */
export interface Refused {
  kind: 'refused';
  key: string;
  at: number;
  why: string;
}

export type Line = Sent | Acknowledged | Refused;

export const WORKSPACE = 'crash';
export const PHONES = Array.from({ length: 20 }, (_, index) => `+39333${1_000_000 + index}`);

const SAVE = `mutation ($input: SaveMessageInput!) {
  saveMessage(input: $input) { replayed message { id tracking { outcome } } }
}`;

/** One turn in ten has no response, so it is not charged. */
export function turnOf({ key }: { key: string }): string {
  const number = [...key].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) >>> 0, 7);
  const input = {
    workspaceId: WORKSPACE,
    idempotencyKey: key,
    phoneNumber: PHONES[number % PHONES.length],
    message: `words of ${key}`,
    response: number % 10 === 0 ? null : 'an answer',
  };
  return JSON.stringify({ query: SAVE, variables: { input } });
}

/** Whole lines only: the last one may still be on its way. */
export function readRecord(file: string): Line[] {
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
