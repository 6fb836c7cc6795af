/** Tenants as a host program may use them. */
import { LIBRARY } from '../core/access/actor.ts';
import { assertRemoveOptions } from '../core/input/library-input.ts';
import { assertCreateTenantOptions, assertTenantChanges } from '../core/input/tenant-input.ts';
import type { TenantChanges } from '../core/tenants/tenant-change.ts';
import type {
  CreateTenantOptions,
  TenantFace,
  TenantPage,
  TenantQuery,
  TenantView,
} from '../core/verbs/tenant-verbs.ts';
import { holdEventLoop } from '../node/hold-event-loop.ts';

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
  stop(tenantId: string): Promise<TenantView>;
  start(tenantId: string): Promise<TenantView>;
  remove(tenantId: string, options?: { purge?: boolean }): Promise<void>;
  get(tenantId: string): TenantView;
  list(query?: TenantQuery): TenantPage;
}

export function libraryTenants(tenants: TenantFace): Tenants {
  const verbs = tenants.by(LIBRARY);
  return {
    create: async (tenantId, options = {}) => {
      assertCreateTenantOptions(options);
      return (await holdEventLoop(verbs.create(tenantId, options))).view;
    },
    set: async (tenantId, changes) => {
      assertTenantChanges(changes);
      return holdEventLoop(verbs.set(tenantId, changes));
    },
    stop: (tenantId) => holdEventLoop(verbs.stop(tenantId)),
    start: (tenantId) => holdEventLoop(verbs.start(tenantId)),
    remove: async (tenantId, options = {}) => {
      assertRemoveOptions(options);
      await holdEventLoop(verbs.remove(tenantId, options));
    },
    get: (tenantId) => tenants.get(tenantId),
    list: (query) => tenants.list(query),
  };
}
