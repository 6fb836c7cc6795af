/** Counters in memory. */
import type { CounterStore } from '../../src/core/stores/counter-store.ts';

export class FakeCounters implements CounterStore {
  private readonly tenants = new Map<string, Map<string, number>>();

  list(tenantId: string): ReadonlyMap<string, number> {
    return this.tenants.get(tenantId) ?? new Map();
  }

  update(tenantId: string, name: string, change: (value: number) => number): void {
    const values = this.tenants.get(tenantId) ?? new Map<string, number>();
    values.set(name, change(values.get(name) ?? 0));
    this.tenants.set(tenantId, values);
  }
}
