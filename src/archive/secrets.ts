/**
 * Secrets in an archive: AES-256-GCM (NIST SP 800-38D) under a key of scrypt (RFC 7914) from a passphrase. The archive that
 * they belong to is authenticated with them.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import type { SecretSeal } from '../core/archive/copies.ts';
import type { PlainSecret } from '../core/secrets/vault.ts';
import { TenementError } from '../errors.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** 128 MiB and about half a second for each guess. */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
/** An archive that asks for more would take the server's memory. */
const MAX_MEMORY_BYTES = 256 * 1024 ** 2;

interface Sealed {
  readonly kdf: 'scrypt';
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly cipher: typeof ALGORITHM;
  readonly nonce: string;
  /** With its tag at the end. */
  readonly data: string;
}

export async function sealSecrets(
  secrets: readonly PlainSecret[],
  { passphrase, binding }: SecretSeal,
): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, await keyOf(passphrase, salt, COST), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(binding));
  const data = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  const base64 = (bytes: Buffer) => bytes.toString('base64');
  const sealed: Sealed = {
    kdf: 'scrypt',
    ...COST,
    salt: base64(salt),
    cipher: ALGORITHM,
    nonce: base64(nonce),
    data: base64(data),
  };
  return JSON.stringify(sealed);
}

/** @throws {TenementError} `bad_passphrase`, `bad_archive` */
export async function openSecrets(text: string, { passphrase, binding }: SecretSeal): Promise<readonly PlainSecret[]> {
  const sealed = parsed(text);
  const key = await keyOf(passphrase, bytesOf(sealed.salt), sealed);
  const data = bytesOf(sealed.data);
  let plain: string;
  try {
    const decipher = createDecipheriv(ALGORITHM, key, bytesOf(sealed.nonce), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(binding));
    decipher.setAuthTag(data.subarray(data.length - TAG_BYTES));
    const encrypted = data.subarray(0, data.length - TAG_BYTES);
    plain = Buffer.concat([decipher.update(encrypted), decipher.final()]).toString('utf8');
  } catch {
    throw new TenementError('bad_passphrase', 'the passphrase does not open the secrets of the archive');
  }
  // The tag shows that somebody who knows the passphrase wrote this.
  return JSON.parse(plain) as PlainSecret[];
}

function parsed(text: string): Sealed {
  try {
    const sealed = JSON.parse(text) as Sealed;
    const { kdf, cipher, N, r, p } = sealed;
    const isBounded =
      [N, r, p].every((cost) => Number.isSafeInteger(cost) && cost > 0) && p <= 4 && 128 * N * r <= MAX_MEMORY_BYTES;
    if (kdf === 'scrypt' && cipher === ALGORITHM && isBounded) return sealed;
  } catch {
    // Told below.
  }
  throw new TenementError('bad_archive', 'the archive is refused: its secrets are damaged');
}

function keyOf(passphrase: string, salt: Buffer, { N, r, p }: Pick<Sealed, 'N' | 'r' | 'p'>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, KEY_BYTES, { N, r, p, maxmem: MAX_MEMORY_BYTES * 2 }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function bytesOf(text: unknown): Buffer {
  return Buffer.from(String(text), 'base64');
}
