/** The vault of a server. What encrypts, and the key, are loaded when the first secret is needed. */
import { existsSync } from 'node:fs';
import { lazy } from '../core/lazy.ts';
import type { KeyChange } from '../core/secrets/key-change.ts';
import type { OpenVault, VaultKey } from '../core/secrets/vault.ts';
import type { SecretStore } from '../core/stores/secret-store.ts';
import { whenWritable } from '../registry/patience.ts';
import type { AesVault } from '../secrets/aes-vault.ts';
import type { KeyPlaces, KeyRing } from '../secrets/key-ring.ts';

interface Opened {
  readonly vault: AesVault;
  /** Reads the keys again. */
  renew(): KeyRing;
}

export class LazyVault implements VaultKey {
  private readonly places: KeyPlaces;
  private readonly store: SecretStore;
  private readonly load = lazy(() => this.read());
  private changing: Promise<KeyChange> | null = null;

  constructor(places: KeyPlaces, store: SecretStore) {
    this.places = places;
    this.store = store;
  }

  /** Opens it once; after a failure the next call tries again. */
  readonly open: OpenVault = async () => (await this.load()).vault;

  /** `nextKeyFile` of key-ring.ts, which is not loaded for this. */
  get isChanging(): boolean {
    return existsSync(`${this.places.stateDir}/secrets.key.next`);
  }

  /** Changes the key, one call at a time. @throws {TenementError} `secrets_locked`, `state_failed` */
  change(): Promise<KeyChange> {
    const current =
      this.changing ??
      this.changed().finally(() => {
        this.changing = null;
      });
    this.changing = current;
    return current;
  }

  private async changed(): Promise<KeyChange> {
    const { vault, renew } = await this.load();
    const { changeKey } = await import('../secrets/key-change.ts');
    return changeKey({ places: this.places, store: this.store, vault, readRing: renew, whenWritable });
  }

  private async read(): Promise<Opened> {
    const [{ AesVault }, { openKeyRing }] = await Promise.all([
      import('../secrets/aes-vault.ts'),
      import('../secrets/key-ring.ts'),
    ]);
    const usedKeyIds = () => this.store.keyIds();
    const readRing = () => openKeyRing(this.places, () => usedKeyIds().length > 0);
    let ring = readRing();
    const renew = () => {
      ring = readRing();
      return ring;
    };
    return { vault: new AesVault(() => ring, usedKeyIds), renew };
  }
}
