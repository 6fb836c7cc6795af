/** A key that secrets are encrypted with. */
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

/** AES-256. */
const KEY_BYTES = 32;
const ID_CHARS = 16;

export interface MasterKey {
  /** Names the key in the registry, and tells nothing of it. */
  readonly id: string;
  readonly key: KeyObject;
}

/** Returns the text of a new key. */
export function newKeyText(): string {
  return `${randomBytes(KEY_BYTES).toString('hex')}\n`;
}

/** Returns the key that a file holds: 32 bytes in hex or base64, or as they are; null: it holds none. */
export function parseKey(content: Buffer): MasterKey | null {
  const text = content.toString('latin1').trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return masterKey(Buffer.from(text, 'hex'));
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return masterKey(Buffer.from(text, 'base64'));
  return content.length === KEY_BYTES ? masterKey(content) : null;
}

function masterKey(bytes: Buffer): MasterKey {
  const id = createHmac('sha256', bytes).update('tenement: id of a key').digest('hex').slice(0, ID_CHARS);
  return { id, key: createSecretKey(bytes) };
}
