/** Tenants in memory, with the instances that a transaction changes. */
import type { InstanceRecord } from '../../src/core/lifecycle/instance.ts';
import type { TenantChange, TenantStore } from '../../src/core/stores/tenant-store.ts';
import { newTenant, type TenantRecord } from '../../src/core/tenants/tenant.ts';
import type { TenantOperation, UnfinishedOperation } from '../../src/core/tenants/tenant-operation.ts';
import { FakeDomains } from './fake-domains.ts';
import { FakeHooks } from './fake-hooks.ts';
import { FakeSecrets } from './fake-secrets.ts';

export class FakeTenants implements TenantStore {
  readonly records = new Map<string, TenantRecord>();
  readonly secrets = new FakeSecrets();
  readonly domains = new FakeDomains();
  readonly hooks: FakeHooks;
  readonly operations = new Map<string, TenantOperation>();
  /** Every change that was written, in order. */
  readonly changes: TenantChange[] = [];
  private readonly instances: Map<string, InstanceRecord>;
  private readonly assertWritable: () => void;

  constructor(instances: Map<string, InstanceRecord>, assertWritable: () => void) {
    this.instances = instances;
    this.hooks = new FakeHooks(instances);
    this.assertWritable = assertWritable;
    for (const { tenantId, createdAtMs } of instances.values())
      this.records.set(tenantId, newTenant(tenantId, createdAtMs));
  }

  operationOf(tenantId: string) {
    return this.unfinished().find((one) => one.tenantId === tenantId)?.operation ?? null;
  }

  unfinished(): UnfinishedOperation[] {
    return Array.from(this.operations, ([tenantId, operation]) => ({ tenantId, operation }));
  }

  list(): TenantRecord[] {
    return [...this.records.values()];
  }

  get(tenantId: string): TenantRecord | null {
    return this.records.get(tenantId) ?? null;
  }

  servicesOf(tenantId: string): string[] {
    const all = [...this.instances.values()];
    return all.filter((one) => one.tenantId === tenantId).map(({ service }) => service);
  }

  commit(change: TenantChange): void {
    this.assertWritable();
    this.changes.push(change);
    this.secrets.apply(change);
    this.domains.apply(change);
    this.hooks.apply(change);
    const { tenantId, record, addInstances = [], removeInstances = [], operation } = change;
    if (operation === null) this.operations.delete(tenantId);
    else if (operation !== undefined) this.operations.set(tenantId, operation);
    if (record === null) this.records.delete(tenantId);
    else if (record !== undefined) this.records.set(tenantId, record);
    for (const service of removeInstances) this.instances.delete(`${service}:${tenantId}`);
    for (const one of addInstances) this.instances.set(`${one.service}:${tenantId}`, one);
  }
}
