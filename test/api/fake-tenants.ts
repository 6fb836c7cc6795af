/** Tenants behind the API: remembers what it was asked, keeps views in a map. */

import type { CaptureReport } from '../../src/core/archive/copies.ts';
import type { LongOperationView } from '../../src/core/tenants/long-operation.ts';
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
    operation: null,
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

  /** Bytes of each archive that is asked for. */
  archive: readonly Uint8Array[] = [];
  report: CaptureReport = { files: 1, bytes: 2, leftOut: [], leftOutCount: 0 };
  operation: LongOperationView | null = null;

  async exportInto(...[id, file, { signal: _signal, ...options }]: Parameters<TenantVerbs['exportInto']>) {
    this.calls.push(['exportInto', id, file, options]);
    return { files: 1, bytes: 3, leftOut: [], leftOutCount: 0 };
  }

  async export(...[id, { signal: _signal, ...options }, deliver]: Parameters<TenantVerbs['export']>) {
    this.calls.push(['export', id, options]);
    const { archive, report } = this;
    this.get(id);
    const bytes = (async function* () {
      yield* archive;
    })();
    await deliver({ bytes, report: Promise.resolve(report) });
    return report;
  }

  async import(...[id, bytes, { signal: _signal, ...options }]: Parameters<TenantVerbs['import']>) {
    let length = 0;
    for await (const chunk of bytes) length += chunk.length;
    this.calls.push(['import', id, length, options]);
    return this.#copied(id);
  }

  async clone(...[id, { signal: _signal, ...options }]: Parameters<TenantVerbs['clone']>) {
    this.calls.push(['clone', id, options]);
    this.get(id);
    return this.#copied(options.id);
  }

  #copied(id: string) {
    this.views.set(id, tenantView(id));
    return { view: this.get(id), created: true, instances: this.started, notes: ['a note'] };
  }

  operationOn() {
    return this.operation;
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
