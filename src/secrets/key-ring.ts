/**
 * The keys of a server: one that encrypts, and those that secrets may still be encrypted with. The encrypting one is the
 * systemd credential `tenement-key` (systemd.exec(5), `LoadCredential=`); without it the file `secrets.key` in the state
 * directory, or, while a change of keys is under way, `secrets.key.next`.
 */
import { join } from 'node:path';
import { TenementError } from '../errors.ts';
import { createKey, readKey } from './key-file.ts';
import type { MasterKey } from './master-key.ts';

export interface KeyPlaces {
  readonly stateDir: string;
  /** $CREDENTIALS_DIRECTORY; null: none. */
  readonly credentialsDir: string | null;
}

export interface KeyRing {
  readonly current: MasterKey;
  /** All keys by id. */
  readonly keys: ReadonlyMap<string, MasterKey>;
  /** Where the encrypting key is from. */
  readonly source: 'credential' | 'file';
}

export function keyFile(stateDir: string): string {
  return join(stateDir, 'secrets.key');
}

/** Where the next key is while secrets are encrypted anew. */
export function nextKeyFile(stateDir: string): string {
  return `${keyFile(stateDir)}.next`;
}

/**
 * Reads the keys. The first one is made here.
 * @param isUsed returns whether there is any secret, for which a new key would be the wrong one
 * @throws {TenementError} `secrets_locked`
 */
export function openKeyRing(places: KeyPlaces, isUsed: () => boolean): KeyRing {
  const ring = readKeyRing(places);
  if (ring !== null) return ring;
  const path = keyFile(places.stateDir);
  if (isUsed()) {
    throw new TenementError('secrets_locked', `the key of the secrets is missing: there is no ${path}`, {
      hint:
        `Put the key back into ${path}, with mode 0600, or give the server the systemd credential tenement-key that it had. ` +
        'Without the key the secrets are lost: remove them with `tenement secret rm`, then set them again.',
    });
  }
  createKey(path);
  const made = readKeyRing(places);
  if (made === null) throw new TenementError('secrets_locked', `the new key ${path} is gone again`);
  return made;
}

function readKeyRing({ stateDir, credentialsDir }: KeyPlaces): KeyRing | null {
  const credential = (name: string) =>
    credentialsDir === null ? null : readKey(join(credentialsDir, name), 'credential');
  const given = credential('tenement-key');
  const next = readKey(nextKeyFile(stateDir), 'private');
  const present = [given, next, readKey(keyFile(stateDir), 'private'), credential('tenement-key-previous')];
  const [current, ...others] = present.filter((key) => key !== null);
  if (current === undefined) return null;
  const keys = new Map([...others, current].map((key) => [key.id, key]));
  return { current, keys, source: given === null ? 'file' : 'credential' };
}
