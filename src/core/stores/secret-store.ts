/** Storage of tenants' secrets, which the registry implements. They change with `TenantStore.commit`. */
import type { OwnedSecret, SealedSecret } from '../secrets/sealed-secret.ts';

export interface SecretStore {
  /** Lists the secrets of a tenant by name. @throws {TenementError} `state_failed` */
  list(tenantId: string): SealedSecret[];
  /** Lists the keys that secrets are encrypted with. @throws {TenementError} `state_failed` */
  keyIds(): string[];
  /**
   * Lists secrets under other keys than this one, by tenant and name, from the first after `after`.
   * @throws {TenementError} `state_failed`
   */
  notUnder(keyId: string, after: Pick<OwnedSecret, 'tenantId' | 'name'>, limit: number): OwnedSecret[];
  /**
   * Replaces the encryption of secrets that still have the same version, all or none; it is on disk on return, and the
   * old encryption is overwritten. @throws {TenementError} `state_failed`
   */
  reseal(secrets: readonly OwnedSecret[]): void;
  /** Removes what the registry's log of writes still holds of replaced encryptions, unless somebody reads it now. */
  scrub(): void;
}
