/** The vault of a server. What encrypts, and the key, are loaded when the first secret is needed. */
import type { OpenVault } from './core/secrets/vault.ts';
import type { SecretStore } from './core/stores/secret-store.ts';
import type { KeyPlaces } from './secrets/key-ring.ts';

/** Returns a function that opens the vault once; after a failure the next call tries again. */
export function lazyVault(places: KeyPlaces, store: Pick<SecretStore, 'keyIds'>): OpenVault {
  let opened: ReturnType<OpenVault> | null = null;
  const open = async () => {
    const [{ AesVault }, { openKeyRing }] = await Promise.all([
      import('./secrets/aes-vault.ts'),
      import('./secrets/key-ring.ts'),
    ]);
    const usedKeyIds = () => store.keyIds();
    const ring = openKeyRing(places, () => usedKeyIds().length > 0);
    return new AesVault(() => ring, usedKeyIds);
  };
  return () => {
    const current =
      opened ??
      open().catch((error) => {
        opened = null;
        throw error;
      });
    opened = current;
    return current;
  };
}
