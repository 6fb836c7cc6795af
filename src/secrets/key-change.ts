/**
 * Changes the key: every secret is encrypted anew, a few at a time, and the old key goes when none is left under it. Each
 * step is on disk before the next begins, so a server that is killed leaves two keys and secrets under both, which all
 * open; the next server continues.
 */
import { existsSync, rmSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KeyChange } from '../core/secrets/key-change.ts';
import type { OwnedSecret } from '../core/secrets/sealed-secret.ts';
import type { SecretStore } from '../core/stores/secret-store.ts';
import { TenementError } from '../errors.ts';
import type { AesVault } from './aes-vault.ts';
import { createKey, replaceKey } from './key-file.ts';
import { type KeyPlaces, type KeyRing, keyFile, nextKeyFile } from './key-ring.ts';

/** Encrypting them takes a millisecond. */
const AT_ONCE = 50;

export interface KeyChangeDeps {
  readonly places: KeyPlaces;
  readonly store: Pick<SecretStore, 'notUnder' | 'reseal' | 'scrub'>;
  readonly vault: AesVault;
  /** Reads the keys again, and returns them. */
  readRing(): KeyRing;
  /** Repeats `attempt` while another process holds the registry's lock. */
  whenWritable<Value>(attempt: () => Value): Promise<Value>;
}

/** Whether a change of keys was begun and is not over. */
export function isKeyChanging({ stateDir }: Pick<KeyPlaces, 'stateDir'>): boolean {
  return existsSync(nextKeyFile(stateDir));
}

/**
 * Changes the key, or continues a change. With a credential, the key is the one that systemd gave, and no other is made.
 * @throws {TenementError} `secrets_locked`, `state_failed`; a repetition continues
 */
export async function changeKey(deps: KeyChangeDeps): Promise<KeyChange> {
  const { stateDir } = deps.places;
  const { source } = deps.readRing();
  if (source === 'file' && !isKeyChanging(deps.places)) createKey(nextKeyFile(stateDir));
  const { current } = deps.readRing();
  const { secrets, unreadable } = await resealAll(current.id, deps);
  await deps.whenWritable(() => deps.store.scrub());
  if (source === 'file') replaceKey(nextKeyFile(stateDir), keyFile(stateDir));
  else for (const path of [nextKeyFile(stateDir), keyFile(stateDir)]) rmSync(path, { force: true });
  deps.readRing();
  return { keyId: current.id, secrets, unreadable };
}

async function resealAll(keyId: string, deps: KeyChangeDeps): Promise<Pick<KeyChange, 'secrets' | 'unreadable'>> {
  const unreadable: string[] = [];
  let secrets = 0;
  let after: Pick<OwnedSecret, 'tenantId' | 'name'> = { tenantId: '', name: '' };
  for (;;) {
    const step = await deps.whenWritable(() => {
      const old = deps.store.notUnder(keyId, after, AT_ONCE);
      const resealed = old.flatMap((secret) => anew(secret, deps.vault) ?? []);
      if (resealed.length > 0) deps.store.reseal(resealed);
      return { old, resealed };
    });
    const last = step.old.at(-1);
    if (last === undefined) return { secrets, unreadable };
    after = last;
    secrets += step.resealed.length;
    const done = new Set(step.resealed.map(({ tenantId, name }) => `${tenantId}/${name}`));
    unreadable.push(...step.old.map(({ tenantId, name }) => `${tenantId}/${name}`).filter((one) => !done.has(one)));
    await nextTurn();
  }
}

/** Returns null for a secret that no key opens. */
function anew({ tenantId, ...secret }: OwnedSecret, vault: AesVault): OwnedSecret | null {
  try {
    const { name, version, changedAtMs, source } = secret;
    const value = vault.open(tenantId, secret);
    return { tenantId, ...vault.encrypt(tenantId, { name, version, changedAtMs, source, value }) };
  } catch (error) {
    if (error instanceof TenementError && error.code === 'secrets_locked') return null;
    throw error;
  }
}
