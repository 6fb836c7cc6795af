/** The tenants in the registry, and the transactions that change one of them. */
import type { SQLOutputValue } from 'node:sqlite';
import type { TenantChange, TenantStore } from '../core/stores/tenant-store.ts';
import type { TenantRecord } from '../core/tenants/tenant.ts';
import { type Database, durably, reading } from './database.ts';
import { instanceRows } from './instances.ts';

export function createTenantStore(database: Database): TenantStore {
  const list = database.prepare('SELECT * FROM tenants ORDER BY id');
  const get = database.prepare('SELECT * FROM tenants WHERE id = ?');
  const instance = database.prepare('SELECT 1 FROM instances WHERE tenant = ? LIMIT 1');
  const write = changeWriter(database);
  return {
    list: () => reading(() => Array.from(list.iterate(), recordOf)),
    get: (tenantId) => {
      const row = reading(() => get.get(tenantId));
      return row === undefined ? null : recordOf(row);
    },
    hasInstances: (tenantId) => reading(() => instance.get(tenantId)) !== undefined,
    commit: (change) => durably(database, () => write(change)),
  };
}

/** Returns a function that writes a change inside the caller's transaction. */
function changeWriter(database: Database): (change: TenantChange) => void {
  const save = database.prepare('INSERT OR REPLACE INTO tenants (id, created_at_ms, uid) VALUES (?, ?, ?)');
  const remove = database.prepare('DELETE FROM tenants WHERE id = ?');
  const instances = instanceRows(database);
  return ({ tenantId, record, addInstance, removeInstance }) => {
    if (record === null) remove.run(tenantId);
    else if (record !== undefined) save.run(record.id, record.createdAtMs, record.uid);
    if (removeInstance !== undefined) instances.remove(removeInstance, tenantId);
    if (addInstance !== undefined) instances.save(addInstance);
  };
}

function recordOf(row: Record<string, SQLOutputValue>): TenantRecord {
  return {
    id: String(row['id']),
    createdAtMs: Number(row['created_at_ms']),
    uid: row['uid'] === null ? null : Number(row['uid']),
  };
}
