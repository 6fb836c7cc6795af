/** Encryption of secrets, which src/secrets implements. */
import type { Generator } from './generator.ts';
import type { KeyChange } from './key-change.ts';
import type { SealedSecret, SecretVersion } from './sealed-secret.ts';

/** A secret with its value. Never logged, never part of a message. */
export interface PlainSecret extends SecretVersion {
  readonly value: string;
}

/**
 * Encrypts and decrypts secrets with the server's key. A secret is bound to its tenant, name and version: one that was
 * moved in the registry does not open.
 */
export interface Vault {
  /** @throws {TenementError} `secrets_locked` while the registry holds secrets, and none of a key that is here */
  seal(tenantId: string, secret: PlainSecret): SealedSecret;
  /** Returns the value. @throws {TenementError} `secrets_locked` when its key is not here, or it was altered */
  open(tenantId: string, secret: SealedSecret): string;
  /** Returns a new random value. */
  generate(generator: Generator): string;
}

/**
 * Returns the vault. The first call loads its code and its key, which is made if there is none and no secret yet.
 * @throws {TenementError} `secrets_locked` when the key cannot be used; the next call tries again
 */
export type OpenVault = () => Promise<Vault>;

/** The key of a server's vault. */
export interface VaultKey {
  /** Whether a change of the key was begun and is not over. */
  readonly isChanging: boolean;
  /** Changes the key, or continues a change. @throws {TenementError} `secrets_locked`, `state_failed` */
  change(): Promise<KeyChange>;
}
