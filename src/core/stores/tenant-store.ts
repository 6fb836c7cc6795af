/** Storage of tenants, which the registry implements. */
import type { DomainRecord } from '../domains/domain.ts';
import type { InstanceRecord } from '../lifecycle/instance.ts';
import type { HookKey } from '../provisioning/hook.ts';
import type { HookRecord } from '../provisioning/hook-record.ts';
import type { SealedSecret } from '../secrets/sealed-secret.ts';
import type { TenantRecord } from '../tenants/tenant.ts';
import type { TenantOperation, UnfinishedOperation } from '../tenants/tenant-operation.ts';

/** A change of one tenant, written in one step. Absent parts stay as they are. */
export interface TenantChange {
  readonly tenantId: string;
  /** The new record; null: the tenant is forgotten. */
  readonly record?: TenantRecord | null;
  /** Whether its certificates go with the record, as its directory did. Default: they stay until they expire. */
  readonly isPurged?: boolean;
  readonly addInstances?: readonly InstanceRecord[];
  /** The services whose instances are unregistered. */
  readonly removeInstances?: readonly string[];
  /** Secrets that are new or replaced. All secrets of a tenant that is forgotten go with it. */
  readonly putSecrets?: readonly SealedSecret[];
  /** Names of secrets. */
  readonly removeSecrets?: readonly string[];
  /** Domains that are new or replaced. All domains of a tenant that is forgotten go with it. */
  readonly putDomains?: readonly DomainRecord[];
  /** Hosts of domains. */
  readonly removeDomains?: readonly string[];
  /**
   * Hooks that are new or have changed. Of a tenant that is forgotten, those that may have made something are kept, for a
   * purge of the same id.
   */
  readonly putHooks?: readonly HookRecord[];
  readonly removeHooks?: readonly HookKey[];
  /** What is under way on it after this change; null: nothing. */
  readonly operation?: TenantOperation | null;
}

/** Whether the tenant goes, even if its directory is yet to be deleted. */
export function isForgotten({ record, operation }: TenantChange): boolean {
  return record === null || (operation?.kind === 'delete' && operation.withRecord);
}

export interface TenantStore {
  /** Operations that an earlier server did not end, by tenant. @throws {TenementError} `state_failed` */
  unfinished(): UnfinishedOperation[];
  /** Returns what is under way, or was not ended by an earlier server; null: nothing. @throws {TenementError} `state_failed` */
  operationOf(tenantId: string): TenantOperation | null;
  /** Lists tenants by id. @throws {TenementError} `state_failed` */
  list(): TenantRecord[];
  /** @throws {TenementError} `state_failed` */
  get(tenantId: string): TenantRecord | null;
  /**
   * Returns the services of its registered instances, those that the config no longer has too.
   * @throws {TenementError} `state_failed`
   */
  servicesOf(tenantId: string): string[];
  /**
   * Writes the whole change or nothing, in one transaction.
   * @param options.durable whether it is on disk on return (default); otherwise it survives a crash of tenement, not of
   *   the machine
   * @throws {TenementError} `state_failed` when it cannot be written
   */
  commit(change: TenantChange, options?: { readonly durable: boolean }): void;
}
