/** Loads verification keys from where the config says. */
import { open } from 'node:fs/promises';
import { hmacSecrets } from '../core/identity/hmac-secrets.ts';
import type { KeyPlace } from '../core/identity/jwt-config.ts';
import type { VerificationKeys } from '../core/identity/key-feed.ts';
import { readSecretFile } from '../node/secret-file.ts';
import { usableKeys } from './usable-keys.ts';

const MAX_BYTES = 256 * 1024;
/** Shorter than a request waits for an unknown key. */
const TIMEOUT_MS = 4000;

export interface LoadedKeys extends Omit<VerificationKeys, 'version'> {
  /** What is wrong with keys that were left out. */
  readonly refused: readonly string[];
}

/** @param signal ends the load @throws {Error} that says why they cannot be had */
export async function loadKeys(place: KeyPlace, signal: AbortSignal): Promise<LoadedKeys> {
  if (place.kind === 'secret') return { publicKeys: [], secrets: secretsIn(place.path), refused: [] };
  const text = place.kind === 'url' ? await fetchText(place.url, signal) : await readText(place.path);
  const set = usableKeys(text);
  if (typeof set === 'string') throw new Error(set);
  if (set.keys.length === 0) throw new Error(`it has no usable key${set.refused.map((one) => `; ${one}`).join('')}`);
  return { publicKeys: set.keys, secrets: [], refused: set.refused };
}

function secretsIn(path: string): string[] {
  const read = readSecretFile(path);
  const secrets = read.ok ? hmacSecrets(read.text) : read.problem;
  if (typeof secrets === 'string') throw new Error(secrets);
  return secrets;
}

async function readText(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error('it is not a regular file');
    if (stat.size > MAX_BYTES) throw new Error(`it has ${stat.size} bytes, more than ${MAX_BYTES}`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const ends = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    // Where a redirect leads was not agreed on, and need not be https.
    const response = await fetch(url, { signal: ends, redirect: 'manual', headers: { accept: 'application/json' } });
    if (response.status !== 200) throw new Error(await answered(response));
    return await bounded(response);
  } catch (error) {
    throw new Error(whyNot(error), { cause: error });
  }
}

async function answered({ status, headers, body }: Response): Promise<string> {
  await body?.cancel();
  const location = headers.get('location');
  return `it answers ${status}${location === null ? '' : `, to ${location.slice(0, 200)}; write that URL in jwks`}`;
}

async function bounded({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** fetch hides the reason in its cause. */
function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
