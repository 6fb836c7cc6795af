/** What is kept of tenants. The registry implements it. */
import type { InstanceRecord } from '../lifecycle/instance.ts';
import type { TenantRecord } from '../tenants/tenant.ts';

/** What is written of one tenant at once. What is left out stays as it is. */
export interface TenantChange {
  readonly tenantId: string;
  /** Its record from now on; null: the tenant is forgotten. */
  readonly record?: TenantRecord | null;
  readonly addInstance?: InstanceRecord;
  /** The service whose instance is unregistered. */
  readonly removeInstance?: string;
}

export interface TenantStore {
  /** By id. @throws {TenementError} `state_failed` */
  list(): TenantRecord[];
  /** @throws {TenementError} `state_failed` */
  get(tenantId: string): TenantRecord | null;
  /**
   * Writes all of a change or nothing, in one transaction that is on disk when this returns.
   * @throws {TenementError} `state_failed` when it cannot be written
   */
  commit(change: TenantChange): void;
}
