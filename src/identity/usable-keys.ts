/** Keeps the keys of a set (RFC 7517) that verify signatures, and says what is wrong with the others. */
import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import type { PublicJwk } from '../core/identity/key-feed.ts';

const MAX_KEYS = 64;
/** RFC 7518 §3.3. */
const MIN_RSA_BITS = 2048;
/** Members that a private key has, and its public key lacks (RFC 7518 §6). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
/** Key types with algorithms of signatures. */
const SIGNS = new Set(['RSA', 'EC', 'OKP', 'AKP']);

export interface UsableKeys {
  readonly keys: readonly PublicJwk[];
  /** For each other key, its id and what is wrong with it. */
  readonly refused: readonly string[];
}

/** Reads the text of a key set. A string says why it is none. */
export function usableKeys(text: string): UsableKeys | string {
  const set = parsed(text);
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys))
    return 'it is not a JSON Web Key Set, which is JSON like {"keys":[…]}';
  if (set.keys.length > MAX_KEYS) return `it has ${set.keys.length} keys, more than ${MAX_KEYS}`;
  const keys: PublicJwk[] = [];
  const refused: string[] = [];
  for (const [index, key] of set.keys.entries()) {
    const problem = problemOf(key);
    if (problem === null) keys.push(publicPart(key));
    else refused.push(`${nameOf(key, index)}: ${problem}`);
  }
  return { keys, refused };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function nameOf(key: unknown, index: number): string {
  const kid = typeof key === 'object' && key !== null && 'kid' in key ? key.kid : undefined;
  return typeof kid === 'string' ? JSON.stringify(kid.slice(0, 80)) : `key ${index + 1}`;
}

function problemOf(key: unknown): string | null {
  if (typeof key !== 'object' || key === null) return 'not a key';
  const { kty, use, kid } = key as PublicJwk;
  if (kty === 'oct') return 'a secret, which is not public any more; use secret_file for it';
  if (typeof kty !== 'string' || !SIGNS.has(kty)) return 'of a type that signs nothing';
  if (use !== undefined && use !== 'sig') return 'not for signatures';
  if (kid !== undefined && typeof kid !== 'string') return 'its kid is not a string';
  const imported = importKey(key as webcrypto.JsonWebKey);
  if (imported === null) return 'it cannot be read';
  const { modulusLength = MIN_RSA_BITS } = imported.asymmetricKeyDetails ?? {};
  return modulusLength < MIN_RSA_BITS ? `RSA with ${modulusLength} bits is too weak` : null;
}

function importKey(key: webcrypto.JsonWebKey): KeyObject | null {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return null;
  }
}

/** A set that was published with its private keys is bad enough; they go no further. */
function publicPart(key: PublicJwk): PublicJwk {
  return Object.fromEntries(Object.entries(key).filter(([name]) => !PRIVATE.includes(name)));
}
