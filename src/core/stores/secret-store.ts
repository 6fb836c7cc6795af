/** Storage of tenants' secrets, which the registry implements. They change with `TenantStore.commit`. */
import type { SealedSecret } from '../secrets/sealed-secret.ts';

export interface SecretStore {
  /** Lists the secrets of a tenant by name. @throws {TenementError} `state_failed` */
  list(tenantId: string): SealedSecret[];
  /** Lists the keys that secrets are encrypted with. @throws {TenementError} `state_failed` */
  keyIds(): string[];
}
