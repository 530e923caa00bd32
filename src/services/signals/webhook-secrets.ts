// What a webhook has that nobody else may know: its URL and its signing secrets. In the database they are sealed.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { conflict } from '../../errors';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Standard Webhooks asks for 24 to 64 random bytes. */
const SECRET_BYTES = 32;
/** The first byte of what is sealed: this way of sealing. */
const FORM = 1;

export type SealedColumn = 'url' | 'secret';

/** What is sealed belongs to one column of one webhook, and opens nowhere else. */
export interface SealedFor {
  workspaceId: string;
  id: string;
}

/** A signing secret in the form of Standard Webhooks. */
export const newSecret = (): string => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

export class SecretBox {
  private readonly key: Buffer | undefined;

  /** `secretsKey` is SECRETS_KEY; undefined: nothing can be sealed or opened. */
  constructor(secretsKey: string | undefined) {
    this.key =
      secretsKey === undefined
        ? undefined
        : Buffer.from(hkdfSync('sha256', secretsKey, '', 'centesimo webhooks 1', KEY_BYTES));
  }

  get isThere(): boolean {
    return this.key !== undefined;
  }

  /** Throws CONFLICT without a key. */
  seal(text: string, column: SealedColumn, of: SealedFor): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.needKey(), nonce).setAAD(contextOf(column, of));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(FORM), nonce, cipher.getAuthTag(), sealed]);
  }

  /** Throws CONFLICT without a key and with another key than it was sealed with. */
  open(sealed: Buffer, column: SealedColumn, of: SealedFor): string {
    const key = this.needKey();
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
    const text = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
    try {
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(contextOf(column, of))
        .setAuthTag(tag);
      return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
    } catch {
      throw conflict(
        `The webhook ${of.id} was sealed with another SECRETS_KEY. Set the one of the time when it was made, or remove the webhook and add it again.`,
      );
    }
  }

  private needKey(): Buffer {
    if (this.key) return this.key;
    throw conflict(
      'Webhooks are off: SECRETS_KEY is not set. Set it on all servers and for commands, such as to the text of: openssl rand -base64 32',
    );
  }
}

const contextOf = (column: SealedColumn, { workspaceId, id }: SealedFor): Buffer =>
  Buffer.from(JSON.stringify([FORM, workspaceId, id, column]));
