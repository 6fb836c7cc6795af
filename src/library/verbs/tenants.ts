/** Tenants as a host program may use them. */
import { LIBRARY } from '../../core/access/actor.ts';
import {
  assertCreateTenantOptions,
  assertRemoveTenantOptions,
  assertStartTenantOptions,
  assertTenantChanges,
  assertTenantQuery,
} from '../../core/input/tenant-input.ts';
import type { TenantChanges } from '../../core/tenants/tenant-change.ts';
import type {
  CreateTenantOptions,
  TenantFace,
  TenantPage,
  TenantQuery,
  TenantView,
} from '../../core/verbs/tenant-verbs.ts';
import type { Call } from '../calls.ts';

/** What is asked of the start of a tenant. */
export interface StartTenantOptions {
  /** false: do not wait until its instances are ready or their starts have failed. Default: true. */
  readonly wait?: boolean | undefined;
}

/** What is asked of the removal of a tenant. */
export interface RemoveTenantOptions {
  /** Whether what its hooks have made is destroyed, and its directory and logs are deleted. Default: false. */
  readonly purge?: boolean | undefined;
}

/** The verbs of tenants. Each settles when it is done, and throws `unknown_tenant` for an unknown tenant. */
export interface Tenants {
  /**
   * Registers a tenant and starts its services. A repetition changes nothing.
   * @throws {TenementError} `bad_id`, `bad_input`, `unknown_service`, `unknown_plan`, `plan_limit`, `already_registered`,
   * `bad_domain`, `domain_taken`
   */
  create(tenantId: string, options?: CreateTenantOptions): Promise<TenantView>;
  /** @throws {TenementError} `bad_input`, `unknown_plan` */
  set(tenantId: string, changes: TenantChanges): Promise<TenantView>;
  /** Stops all its instances; no request wakes them. */
  stop(tenantId: string): Promise<TenantView>;
  /** Starts all its instances. @throws {TenementError} `bad_input`, `expired` */
  start(tenantId: string, options?: StartTenantOptions): Promise<TenantView>;
  /**
   * Tries at once what of its hooks, its directory or its purge is incomplete. `provisioning` of the result says why that
   * failed again.
   */
  provision(tenantId: string): Promise<TenantView>;
  /** Stops and unregisters all its instances and the tenant. @throws {TenementError} `deprovisioning_failed`, `purge_failed` */
  remove(tenantId: string, options?: RemoveTenantOptions): Promise<void>;
  /** Returns what is known of a tenant. */
  get(tenantId: string): TenantView;
  /** Returns a page of the tenants, by id. @throws {TenementError} `bad_input` */
  list(query?: TenantQuery): TenantPage;
}

export function libraryTenants(tenants: TenantFace, call: Call): Tenants {
  const verbs = tenants.by(LIBRARY);
  return {
    create: (tenantId, options = {}) =>
      call(async () => {
        assertCreateTenantOptions(options);
        return (await verbs.create(tenantId, options)).view;
      }),
    set: (tenantId, changes) =>
      call(() => {
        assertTenantChanges(changes);
        return verbs.set(tenantId, changes);
      }),
    stop: (tenantId) => call(() => verbs.stop(tenantId)),
    start: (tenantId, options = {}) =>
      call(() => {
        assertStartTenantOptions(options);
        return verbs.start(tenantId, options);
      }),
    provision: (tenantId) => call(() => verbs.provision(tenantId)),
    remove: (tenantId, options = {}) =>
      call(() => {
        assertRemoveTenantOptions(options);
        return verbs.remove(tenantId, options);
      }),
    get: (tenantId) => tenants.get(tenantId),
    list: (query = {}) => {
      assertTenantQuery(query);
      return tenants.list(query);
    },
  };
}
