/** The instances in the registry: one row each, written whole. */
import type { SQLOutputValue } from 'node:sqlite';
import type { Desired, InstanceRecord, State } from '../core/instance.ts';
import type { Registry } from '../core/ports.ts';
import { type Database, durably } from './database.ts';

const SAVE = `
  INSERT OR REPLACE INTO instances (service, tenant, env, created_at_ms, desired, state, pid, start_ticks,
    started_at_ms, last_activity_at_ms, restarts, wakes, last_wake_ms, requests, last_exit)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export function createRegistry(database: Database): Registry {
  const list = database.prepare('SELECT * FROM instances ORDER BY service, tenant');
  const save = database.prepare(SAVE);
  const remove = database.prepare('DELETE FROM instances WHERE service = ? AND tenant = ?');
  return {
    list: () => list.all().map(recordOf),
    save(record, durable) {
      const values = valuesOf(record);
      if (durable) durably(database, () => void save.run(...values));
      else save.run(...values);
    },
    remove: (service, tenantId) => durably(database, () => void remove.run(service, tenantId)),
  };
}

function valuesOf(record: InstanceRecord) {
  return [
    record.service,
    record.tenantId,
    JSON.stringify(record.env),
    record.createdAtMs,
    record.desired,
    record.state,
    record.process?.pid ?? null,
    record.process?.startTicks ?? null,
    record.startedAtMs,
    record.lastActivityAtMs,
    record.restarts,
    record.wakes,
    record.lastWakeMs,
    record.requests,
    record.lastExit === null ? null : JSON.stringify(record.lastExit),
  ];
}

function recordOf(row: Record<string, SQLOutputValue>): InstanceRecord {
  const pid = numberOrNull(row['pid']);
  const lastExit = row['last_exit'];
  return {
    service: String(row['service']),
    tenantId: String(row['tenant']),
    env: JSON.parse(String(row['env'])),
    createdAtMs: Number(row['created_at_ms']),
    desired: String(row['desired']) as Desired,
    state: String(row['state']) as State,
    process: pid === null ? null : { pid, startTicks: numberOrNull(row['start_ticks']) },
    startedAtMs: numberOrNull(row['started_at_ms']),
    lastActivityAtMs: numberOrNull(row['last_activity_at_ms']),
    restarts: Number(row['restarts']),
    wakes: Number(row['wakes']),
    lastWakeMs: numberOrNull(row['last_wake_ms']),
    requests: Number(row['requests']),
    lastExit: typeof lastExit === 'string' ? JSON.parse(lastExit) : null,
  };
}

function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
