/** The tenants in the registry, and the transactions that change one of them. */
import type { SQLOutputValue } from 'node:sqlite';
import { isForgotten, type TenantChange, type TenantStore } from '../core/stores/tenant-store.ts';
import type { TenantRecord } from '../core/tenants/tenant.ts';
import type { TenantOperation, UnfinishedOperation } from '../core/tenants/tenant-operation.ts';
import { backupRows } from './backups.ts';
import { type Database, durably, reading, transaction } from './database.ts';
import { domainRows } from './domains.ts';
import { hookRows } from './hooks.ts';
import { instanceRows } from './instances.ts';
import { secretRows } from './secrets.ts';

/** @param onForgotten called when a tenant is gone, and its tokens with it */
export function createTenantStore(database: Database, onForgotten: () => void = () => {}): TenantStore {
  const list = database.prepare('SELECT * FROM tenants ORDER BY id');
  const get = database.prepare('SELECT * FROM tenants WHERE id = ?');
  const services = database.prepare('SELECT service FROM instances WHERE tenant = ? ORDER BY service');
  const unfinished = database.prepare('SELECT * FROM tenant_operations ORDER BY tenant');
  const operationOf = database.prepare('SELECT * FROM tenant_operations WHERE tenant = ?');
  const write = changeWriter(database);
  return {
    list: () => reading(() => Array.from(list.iterate(), recordOf)),
    get: (tenantId) => {
      const row = reading(() => get.get(tenantId));
      return row === undefined ? null : recordOf(row);
    },
    unfinished: () => reading(() => Array.from(unfinished.iterate(), unfinishedOf)),
    operationOf: (tenantId) => {
      const row = reading(() => operationOf.get(tenantId));
      return row === undefined ? null : unfinishedOf(row).operation;
    },
    servicesOf: (tenantId) => reading(() => Array.from(services.iterate(tenantId), ({ service }) => String(service))),
    commit: (change, { durable } = { durable: true }) => {
      if (durable) durably(database, () => write(change));
      else transaction(database, () => write(change));
      if (isForgotten(change)) onForgotten();
    },
  };
}

/** Returns a function that writes a change inside the caller's transaction. */
function changeWriter(database: Database): (change: TenantChange) => void {
  const save = database.prepare(
    `INSERT OR REPLACE INTO tenants (id, created_at_ms, uid, plan, expires_at_ms, labels, env, desired)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = database.prepare('DELETE FROM tenants WHERE id = ?');
  const removeCounters = database.prepare('DELETE FROM counters WHERE tenant = ?');
  const removeQuotas = database.prepare('DELETE FROM quotas WHERE tenant = ?');
  // Another customer may get the id, and must not get the tokens.
  const removeTokens = database.prepare("DELETE FROM tokens WHERE scope = 'tenant:' || ?");
  const removeCertificates = database.prepare('DELETE FROM certificates WHERE tenant = ?');
  const instances = instanceRows(database);
  const secrets = secretRows(database);
  const domains = domainRows(database);
  const hooks = hookRows(database);
  const backups = backupRows(database);
  const setOperation = operationWriter(database);
  return (change) => {
    const { tenantId, record, addInstances = [], removeInstances = [], operation } = change;
    const { putSecrets = [], removeSecrets = [], putDomains = [], removeDomains = [] } = change;
    const { putHooks = [], removeHooks = [] } = change;
    if (isForgotten(change)) {
      removeTokens.run(tenantId);
      domains.removeAll(tenantId);
    }
    if (losesSecrets(change)) secrets.removeAll(tenantId);
    for (const name of removeSecrets) secrets.remove(tenantId, name);
    for (const secret of putSecrets) secrets.put(tenantId, secret);
    for (const host of removeDomains) domains.remove(tenantId, host);
    for (const domain of putDomains) domains.put(domain);
    for (const key of removeHooks) hooks.remove(tenantId, key);
    for (const hook of putHooks) hooks.put(tenantId, hook);
    if (operation !== undefined) setOperation(tenantId, operation);
    if (record === null) {
      remove.run(tenantId);
      hooks.forget(tenantId);
      backups.removeAll(tenantId);
      removeCounters.run(tenantId);
      removeQuotas.run(tenantId);
      if (change.isPurged === true) removeCertificates.run(tenantId);
    } else if (record !== undefined) save.run(...columnsOf(record));
    for (const service of removeInstances) instances.remove(service, tenantId);
    for (const instance of addInstances) instances.save(instance);
  };
}

/** Whether its secrets go: those of a tenant whose hooks are yet to destroy something serve them once more. */
function losesSecrets(change: TenantChange): boolean {
  return isForgotten(change) && !(change.operation?.kind === 'delete' && change.operation.step === 'hooks');
}

/** Returns a function that notes what is under way on a tenant; null: nothing. */
function operationWriter(database: Database): (tenantId: string, operation: TenantOperation | null) => void {
  const save = database.prepare('INSERT OR REPLACE INTO tenant_operations VALUES (?, ?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM tenant_operations WHERE tenant = ?');
  return (tenantId, operation) => {
    if (operation === null) return void remove.run(tenantId);
    const { kind, step, startedAtMs, ...data } = operation;
    save.run(tenantId, kind, step, startedAtMs, JSON.stringify(data));
  };
}

function unfinishedOf(row: Record<string, SQLOutputValue>): UnfinishedOperation {
  const { tenant, kind, step, started_at_ms, data } = row;
  const operation = { kind, step, startedAtMs: Number(started_at_ms), ...JSON.parse(String(data)) } as TenantOperation;
  return { tenantId: String(tenant), operation };
}

function columnsOf(record: TenantRecord): (string | number | null)[] {
  const { id, createdAtMs, uid, plan, expiresAtMs, labels, env, desired } = record;
  return [id, createdAtMs, uid, plan, expiresAtMs, JSON.stringify(labels), JSON.stringify(env), desired];
}

function recordOf(row: Record<string, SQLOutputValue>): TenantRecord {
  return {
    id: String(row['id']),
    createdAtMs: Number(row['created_at_ms']),
    uid: numberOrNull(row['uid']),
    plan: row['plan'] === null ? null : String(row['plan']),
    expiresAtMs: numberOrNull(row['expires_at_ms']),
    labels: JSON.parse(String(row['labels'])),
    env: JSON.parse(String(row['env'])),
    desired: row['desired'] === 'stopped' ? 'stopped' : 'active',
  };
}

function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
