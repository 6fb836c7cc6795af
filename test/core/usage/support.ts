/** A store of usage in memory. */
import type { InstanceName } from '../../../src/core/lifecycle/instance.ts';
import type { ProcessMark, UsageStore } from '../../../src/core/stores/usage-store.ts';
import { addTo, newTally, type Tally } from '../../../src/core/usage/tally.ts';

export interface MemoryStore extends UsageStore {
  /** Tenant → hour → what is written. */
  readonly written: ReadonlyMap<string, ReadonlyMap<number, Tally>>;
}

export function memoryStore(): MemoryStore {
  const written = new Map<string, Map<number, Tally>>();
  const marks = new Map<InstanceName, ProcessMark>();
  return {
    written,
    read: (tenantId, hour) => {
      const tally = written.get(tenantId)?.get(hour);
      return tally === undefined ? null : { ...tally };
    },
    sum: (tenantId, fromHour, without) => {
      const sum = newTally();
      for (const [hour, tally] of written.get(tenantId) ?? []) {
        if (hour >= fromHour && !without.includes(hour)) addTo(sum, tally);
      }
      return sum;
    },
    marks: () => [...marks.values()],
    write: (change) => {
      for (const { tenantId, hour, tally } of change.rows) {
        const hours = written.get(tenantId) ?? new Map();
        written.set(tenantId, hours.set(hour, { ...tally }));
      }
      for (const mark of change.marks) marks.set(mark.instance, mark);
      for (const instance of change.ended) marks.delete(instance);
    },
  };
}
