/** A secret of a tenant as the registry keeps it: encrypted, so that nothing in the registry shows its value. */

export interface SealedSecret {
  readonly name: string;
  /** 1 for the first value; each change adds one. */
  readonly version: number;
  /** Ms since the epoch. */
  readonly changedAtMs: number;
  readonly source: SecretSource;
  /** The key that it is encrypted under. */
  readonly keyId: string;
  /** Nonce, ciphertext and tag. */
  readonly sealed: Uint8Array;
}

/** The origin of a secret: an operator, the config's `generate`, or a provisioning hook by its service and name. */
export type SecretSource = 'operator' | 'generated' | `hook:${string}`;

/** What is known of a secret without its value. Another version, or another time, is another value. */
export type SecretVersion = Pick<SealedSecret, 'name' | 'version' | 'changedAtMs' | 'source'>;

/** A secret with the tenant that has it. */
export type OwnedSecret = SealedSecret & { readonly tenantId: string };

/** Names with values. Never logged, never part of a message. */
export type SecretValues = ReadonlyMap<string, string>;
