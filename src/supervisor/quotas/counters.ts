/** Counters of tenants, within the limits of their plans. */
import { type Counter, counted, counterLimit } from '../../core/plans/counters.ts';
import type { CounterStore } from '../../core/stores/counter-store.ts';
import type { TenantTable } from '../tenants/tenant-table.ts';

export class Counters {
  private readonly store: CounterStore;
  private readonly tenants: Pick<TenantTable, 'termsOf'>;

  constructor(store: CounterStore, tenants: Pick<TenantTable, 'termsOf'>) {
    this.store = store;
    this.tenants = tenants;
  }

  /** Returns all counters of the tenant's plan. @throws {TenementError} `state_failed` */
  list(tenantId: string): Counter[] {
    const limits = Object.entries(this.tenants.termsOf(tenantId).plan?.counters ?? {});
    if (limits.length === 0) return [];
    const values = this.store.list(tenantId);
    return limits.map(([name, limit]) => ({ name, value: values.get(name) ?? 0, limit }));
  }

  /** Adds to a counter in one step. @throws {TenementError} `not_found`, `quota_exceeded`, `state_failed` */
  add(tenantId: string, name: string, add: number): Counter {
    const limit = counterLimit(this.tenants.termsOf(tenantId).plan, name);
    let after: Counter = { name, value: 0, limit };
    this.store.update(tenantId, name, (value) => {
      after = counted({ name, value, limit }, add);
      return after.value;
    });
    return after;
  }
}
