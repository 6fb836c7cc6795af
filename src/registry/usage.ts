/** Usage in the registry: the hours of tenants, and how far the use of each process has been counted. */
import type { SQLOutputValue } from 'node:sqlite';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { ProcessMark, UsageReader, UsageStore } from '../core/stores/usage-store.ts';
import { METERS, type Meter } from '../core/usage/meters.ts';
import { METER_NAMES, type Tally } from '../core/usage/tally.ts';
import { type Database, reading, transaction } from './database.ts';

const COLUMNS = METER_NAMES.map(columnOf);
const SUMS = METER_NAMES.map((meter) => {
  const summed = METERS[meter] === 'highest' ? 'max' : 'sum';
  return `coalesce(${summed}(${columnOf(meter)}), 0) AS ${columnOf(meter)}`;
}).join(', ');

export function createUsageReader(database: Database): UsageReader {
  const next = database.prepare('SELECT min(tenant) AS tenant FROM usage WHERE tenant > ?');
  const within = 'WHERE tenant = ? AND hour >= ? AND hour < ?';
  const hours = database.prepare(`SELECT * FROM usage ${within} ORDER BY hour LIMIT ?`);
  const days = database.prepare(
    `SELECT hour / 24 * 24 AS hour, ${SUMS} FROM usage ${within} GROUP BY hour / 24 ORDER BY hour / 24 LIMIT ?`,
  );
  const whole = database.prepare(`SELECT count(*) AS hours, ${SUMS} FROM usage ${within}`);
  const anyHookMeter = database.prepare('SELECT 1 FROM hook_meters LIMIT 1');
  const hookMeters = database.prepare(
    `SELECT meter, max(value) AS value FROM hook_meters ${within} GROUP BY meter ORDER BY meter`,
  );
  const rowOf = (tenantId: string) => (row: Record<string, SQLOutputValue>) => {
    return { tenantId, hour: Number(row['hour']), tally: tallyOf(row) };
  };
  return {
    tenantAfter: (tenantId) => {
      const tenant = reading(() => next.get(tenantId))?.['tenant'] ?? null;
      return tenant === null ? null : String(tenant);
    },
    hours: (tenantId, { from, to }, limit) => reading(() => hours.all(tenantId, from, to, limit)).map(rowOf(tenantId)),
    days: (tenantId, { from, to }, limit) => reading(() => days.all(tenantId, from, to, limit)).map(rowOf(tenantId)),
    whole: (tenantId, { from, to }) => {
      const row = reading(() => whole.get(tenantId, from, to)) ?? {};
      return Number(row['hours'] ?? 0) === 0 ? null : tallyOf(row);
    },
    hasHookMeters: () => reading(() => anyHookMeter.get()) !== undefined,
    hookMeters: (tenantId, { from, to }) => {
      const rows = reading(() => hookMeters.all(tenantId, from, to));
      return Object.fromEntries(rows.map(({ meter, value }) => [String(meter), Number(value)]));
    },
  };
}

export function createUsageStore(database: Database): UsageStore {
  const read = database.prepare('SELECT * FROM usage WHERE tenant = ? AND hour = ?');
  const sum = database.prepare(
    `SELECT ${SUMS} FROM usage
     WHERE tenant = ? AND hour >= ? AND hour NOT IN (SELECT value FROM json_each(?))`,
  );
  const marks = database.prepare('SELECT * FROM usage_marks');
  const write = changeWriter(database);
  return {
    read: (tenantId, hour) => {
      const row = reading(() => read.get(tenantId, hour));
      return row === undefined ? null : tallyOf(row);
    },
    sum: (tenantId, fromHour, without) =>
      tallyOf(reading(() => sum.get(tenantId, fromHour, JSON.stringify(without))) ?? {}),
    marks: () => reading(() => Array.from(marks.iterate(), markOf)),
    write: (change) => transaction(database, () => write(change)),
  };
}

function changeWriter(database: Database): UsageStore['write'] {
  const places = ['tenant', 'hour', ...COLUMNS].map(() => '?').join(', ');
  const save = database.prepare(
    `INSERT OR REPLACE INTO usage (tenant, hour, ${COLUMNS.join(', ')}) VALUES (${places})`,
  );
  const mark = database.prepare('INSERT OR REPLACE INTO usage_marks VALUES (?, ?, ?, ?, ?, ?, ?)');
  const unmark = database.prepare('DELETE FROM usage_marks WHERE instance = ?');
  return ({ rows, marks, ended }) => {
    for (const { tenantId, hour, tally } of rows) save.run(tenantId, hour, ...METER_NAMES.map((meter) => tally[meter]));
    for (const instance of ended) unmark.run(instance);
    for (const { instance, pid, startTicks, cpuSeconds, memoryBytes, bootId, uptimeMs } of marks) {
      mark.run(instance, pid, startTicks, cpuSeconds, memoryBytes, bootId, uptimeMs);
    }
  };
}

/** `cpuSeconds` is the column `cpu_seconds`. */
function columnOf(meter: Meter): string {
  return meter.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function tallyOf(row: Record<string, SQLOutputValue>): Tally {
  return Object.fromEntries(METER_NAMES.map((meter) => [meter, Number(row[columnOf(meter)] ?? 0)])) as Tally;
}

function markOf(row: Record<string, SQLOutputValue>): ProcessMark {
  return {
    instance: String(row['instance']) as InstanceName,
    pid: Number(row['pid']),
    startTicks: row['start_ticks'] === null ? null : Number(row['start_ticks']),
    cpuSeconds: Number(row['cpu_seconds']),
    memoryBytes: Number(row['memory_bytes']),
    bootId: String(row['boot_id']),
    uptimeMs: Number(row['uptime_ms']),
  };
}
