/** The hooks of tenants in the registry. */
import type { SQLOutputValue } from 'node:sqlite';
import type { HookConfig, HookKey } from '../core/provisioning/hook.ts';
import type { HookHold, HookRecord, HookState } from '../core/provisioning/hook-record.ts';
import type { HookMeasurement, HookStore, KnownHook } from '../core/stores/hook-store.ts';
import { hourOf } from '../core/usage/hours.ts';
import { type Database, reading, transaction } from './database.ts';

export function createHookStore(database: Database): HookStore {
  const list = database.prepare('SELECT * FROM hooks WHERE tenant = ? ORDER BY since_ms, position');
  const unfinished = database.prepare(
    `SELECT hooks.* FROM hooks JOIN instances USING (tenant, service)
     WHERE hooks.state != 'done' ORDER BY tenant, since_ms, position`,
  );
  const known = database.prepare('SELECT * FROM known_hooks WHERE service = ? AND hook = ?');
  const measuredAt = database.prepare('SELECT measured_at_ms FROM hooks WHERE tenant = ? AND service = ? AND hook = ?');
  const enroll = enroller(database);
  const measured = measurementWriter(database);
  return {
    list: (tenantId) => reading(() => Array.from(list.iterate(tenantId), recordOf)),
    unfinished: () =>
      reading(() =>
        Array.from(unfinished.iterate(), (row) => ({ tenantId: String(row['tenant']), record: recordOf(row) })),
      ),
    known: ({ service, hook }) => {
      const row = reading(() => known.get(service, hook));
      return row === undefined ? null : knownOf(row);
    },
    enroll: (hooks, nowMs) => transaction(database, () => enroll(hooks, nowMs)),
    measuredAtMs: (tenantId, { service, hook }) => {
      const value = reading(() => measuredAt.get(tenantId, service, hook))?.['measured_at_ms'] ?? null;
      return value === null ? null : Number(value);
    },
    measured: (measurement) => transaction(database, () => measured(measurement)),
  };
}

export interface HookRows {
  put(tenantId: string, record: HookRecord): void;
  remove(tenantId: string, key: HookKey): void;
  /** Keeps of a tenant that is forgotten what a later purge of the same id has to destroy. */
  forget(tenantId: string): void;
}

/** Writes rows inside the caller's transaction. */
export function hookRows(database: Database): HookRows {
  const put = database.prepare(
    `INSERT INTO hooks (tenant, service, hook, state, holds, since_ms, position, failure)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET state = excluded.state, holds = excluded.holds, since_ms = excluded.since_ms,
       position = excluded.position, failure = excluded.failure`,
  );
  const remove = database.prepare('DELETE FROM hooks WHERE tenant = ? AND service = ? AND hook = ?');
  const removePending = database.prepare("DELETE FROM hooks WHERE tenant = ? AND state = 'pending'");
  const restart = database.prepare(
    "UPDATE hooks SET state = 'begun', holds = 'nothing', failure = NULL, measured_at_ms = NULL WHERE tenant = ?",
  );
  return {
    put: (tenantId, { service, hook, state, holds, sinceMs, position, failure }) => {
      const text = failure === null ? null : JSON.stringify(failure);
      put.run(tenantId, service, hook, state, holds, sinceMs, position, text);
    },
    remove: (tenantId, { service, hook }) => void remove.run(tenantId, service, hook),
    forget: (tenantId) => {
      removePending.run(tenantId);
      restart.run(tenantId);
    },
  };
}

function enroller(database: Database): HookStore['enroll'] {
  const remember = database.prepare('INSERT OR REPLACE INTO known_hooks VALUES (?, ?, ?, ?)');
  const add = database.prepare(
    `INSERT OR IGNORE INTO hooks (tenant, service, hook, state, holds, since_ms, position)
     SELECT tenant, service, ?, ?, 'nothing', ?, ? FROM instances WHERE service = ?`,
  );
  return (hooks, nowMs) => {
    for (const [position, { service, hook, config, workdir }] of hooks.entries()) {
      remember.run(service, hook, workdir, JSON.stringify(config));
      add.run(hook, config.commands.create === null ? 'done' : 'pending', nowMs, position, service);
    }
  };
}

function measurementWriter(database: Database): HookStore['measured'] {
  const mark = database.prepare('UPDATE hooks SET measured_at_ms = ? WHERE tenant = ? AND service = ? AND hook = ?');
  const save = database.prepare(
    `INSERT INTO hook_meters VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET value = max(value, excluded.value)`,
  );
  return ({ tenantId, service, hook, atMs, values }: HookMeasurement) => {
    mark.run(atMs, tenantId, service, hook);
    for (const [meter, value] of values) save.run(tenantId, hourOf(atMs), meter, value);
  };
}

function recordOf(row: Record<string, SQLOutputValue>): HookRecord {
  const { service, hook, state, holds, since_ms, position, failure } = row;
  return {
    service: String(service),
    hook: String(hook),
    state: String(state) as HookState,
    holds: String(holds) as HookHold,
    sinceMs: Number(since_ms),
    position: Number(position),
    failure: typeof failure === 'string' ? JSON.parse(failure) : null,
  };
}

function knownOf({ service, hook, workdir, config }: Record<string, SQLOutputValue>): KnownHook {
  return {
    service: String(service),
    hook: String(hook),
    workdir: String(workdir),
    config: JSON.parse(String(config)) as HookConfig,
  };
}
