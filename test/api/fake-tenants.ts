/** Tenants behind the API: remembers what it was asked, keeps views in a map. */

import { unknownTenant } from '../../src/core/tenants/tenant.ts';
import type { TenantChanges } from '../../src/core/tenants/tenant-change.ts';
import type { CreateTenantOptions, TenantFace, TenantVerbs, TenantView } from '../../src/core/verbs/tenant-verbs.ts';
import type { InstanceView } from '../../src/core/verbs/verbs.ts';

export function tenantView(id: string, overrides: Partial<TenantView> = {}): TenantView {
  return {
    id,
    state: 'active',
    reason: 'requests are served',
    plan: 'free',
    expiresAt: null,
    labels: {},
    domains: [],
    instances: [`api:${id}`],
    variables: [],
    storageBytes: null,
    requestsThisMonth: 0,
    quotas: [],
    provisioning: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...overrides,
  };
}

export class FakeTenants implements TenantFace, TenantVerbs {
  readonly calls: unknown[][] = [];
  readonly views = new Map<string, TenantView>();
  /** Instances of created tenants, after their starts. */
  started: readonly InstanceView[] = [];

  by(): TenantVerbs {
    return this;
  }

  async create(id: string, options: CreateTenantOptions = {}) {
    this.calls.push(['create', id, options]);
    const created = !this.views.has(id);
    if (created) this.views.set(id, tenantView(id));
    return { view: this.get(id), created, instances: this.started };
  }

  async set(id: string, changes: TenantChanges) {
    this.calls.push(['set', id, changes]);
    return this.get(id);
  }

  async stop(id: string) {
    this.calls.push(['stop', id]);
    return this.#become(id, 'stopped');
  }

  async start(id: string, options: object = {}) {
    this.calls.push(['start', id, options]);
    return this.#become(id, 'active');
  }

  async provision(id: string) {
    this.calls.push(['provision', id]);
    return this.get(id);
  }

  async remove(id: string, options: object = {}) {
    this.calls.push(['remove', id, options]);
    this.get(id);
    this.views.delete(id);
  }

  get(id: string): TenantView {
    const found = this.views.get(id);
    if (found === undefined) throw unknownTenant(id);
    return found;
  }

  list({ isSeen, ...query }: Parameters<TenantFace['list']>[0] = {}) {
    this.calls.push(['list', query]);
    const tenants = [...this.views.values()].filter(({ id }) => isSeen?.(id) !== false);
    return { tenants, next: null };
  }

  #become(id: string, state: TenantView['state']): TenantView {
    this.views.set(id, { ...this.get(id), state });
    return this.get(id);
  }
}
