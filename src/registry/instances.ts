/** The instances in the registry: one row each, written as a whole. */
import type { SQLOutputValue } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import {
  type Desired,
  type InstanceRecord,
  NO_CRASHES,
  type ProcessRecord,
  type State,
} from '../core/lifecycle/instance.ts';
import type { Registry } from '../core/stores/registry.ts';
import { type Database, durably, reading, transaction, writing } from './database.ts';
import { whenWritable } from './patience.ts';

const SAVE = `
  INSERT OR REPLACE INTO instances (service, tenant, env, created_at_ms, desired, state, process,
    started_at_ms, last_activity_at_ms, restarts, wakes, last_wake_ms, requests, last_exit, crashes, limits, storage)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Shared by all instances without variables: there may be thousands. */
const NO_ENV = {};
const NO_OWN_LIMITS = {};

/** Statements on single rows, for use inside the caller's transaction. */
export interface InstanceRows {
  /** Inserts or replaces a row. */
  save(record: InstanceRecord): void;
  remove(service: string, tenantId: string): void;
}

export function instanceRows(database: Database): InstanceRows {
  const save = database.prepare(SAVE);
  const remove = database.prepare('DELETE FROM instances WHERE service = ? AND tenant = ?');
  return {
    save: (record) => void save.run(...valuesOf(record)),
    remove: (service, tenantId) => void remove.run(service, tenantId),
  };
}

export function createRegistry(database: Database): Registry {
  const list = database.prepare('SELECT * FROM instances ORDER BY service, tenant');
  const rows = instanceRows(database);
  return {
    list: () => reading(() => Array.from(list.iterate(), recordOf)),
    save(record, durable) {
      if (durable) durably(database, () => rows.save(record));
      else writing(() => rows.save(record));
    },
    saveAll: (records) => transaction(database, () => records.forEach((record) => void rows.save(record))),
    whenWritable,
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
    jsonOrNull(record.process),
    record.startedAtMs,
    record.lastActivityAtMs,
    record.restarts,
    record.wakes,
    record.lastWakeMs,
    record.requests,
    jsonOrNull(record.lastExit),
    isDeepStrictEqual(record.crashes, NO_CRASHES) ? null : JSON.stringify(record.crashes),
    Object.keys(record.limits).length === 0 ? null : JSON.stringify(record.limits),
    jsonOrNull(record.storage),
  ];
}

function recordOf(row: Record<string, SQLOutputValue>): InstanceRecord {
  return {
    service: String(row['service']),
    tenantId: String(row['tenant']),
    env: row['env'] === '{}' ? NO_ENV : JSON.parse(String(row['env'])),
    limits: parsedOrNull(row['limits']) ?? NO_OWN_LIMITS,
    createdAtMs: Number(row['created_at_ms']),
    desired: String(row['desired']) as Desired,
    state: String(row['state']) as State,
    process: processOf(row['process']),
    startedAtMs: numberOrNull(row['started_at_ms']),
    lastActivityAtMs: numberOrNull(row['last_activity_at_ms']),
    restarts: Number(row['restarts']),
    wakes: Number(row['wakes']),
    lastWakeMs: numberOrNull(row['last_wake_ms']),
    requests: Number(row['requests']),
    lastExit: parsedOrNull(row['last_exit']),
    crashes: parsedOrNull(row['crashes']) ?? NO_CRASHES,
    storage: parsedOrNull(row['storage']),
  };
}

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

/** Parses a column that only this table writes, as JSON. */
function parsedOrNull<Value>(value: SQLOutputValue | undefined): Value | null {
  return typeof value === 'string' ? JSON.parse(value) : null;
}

function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** Records from before tenement used cgroups have none. */
function processOf(value: SQLOutputValue | undefined): ProcessRecord | null {
  const process = parsedOrNull<ProcessRecord>(value);
  return process === null ? null : { ...process, cgroup: process.cgroup ?? [] };
}
