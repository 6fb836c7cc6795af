/** The counters of tenants in the registry. */
import type { CounterStore } from '../core/stores/counter-store.ts';
import { type Database, reading, writing } from './database.ts';

export function createCounterStore(database: Database): CounterStore {
  const list = database.prepare('SELECT name, value FROM counters WHERE tenant = ? ORDER BY name');
  const get = database.prepare('SELECT value FROM counters WHERE tenant = ? AND name = ?');
  const save = database.prepare('INSERT OR REPLACE INTO counters (tenant, name, value) VALUES (?, ?, ?)');
  return {
    list: (tenantId) =>
      new Map(reading(() => list.all(tenantId)).map((row) => [String(row['name']), Number(row['value'])])),
    update: (tenantId, name, change) => {
      // The registry has one writer, this process, which does nothing between these two steps.
      const value = Number(reading(() => get.get(tenantId, name))?.['value'] ?? 0);
      const next = change(value);
      if (next !== value) writing(() => void save.run(tenantId, name, next));
    },
  };
}
