/** What is known of certificates in the registry. */
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { CertificateRecord } from '../core/acme/certificate-record.ts';
import type { CertificateStore } from '../core/stores/certificate-store.ts';
import { type Database, reading, transaction, writing } from './database.ts';

export function createCertificateStore(database: Database): CertificateStore {
  const list = database.prepare('SELECT * FROM certificates ORDER BY name');
  const put = database.prepare('INSERT OR REPLACE INTO certificates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM certificates WHERE name = ?');
  const orders = database.prepare('SELECT tenant, at_ms FROM certificate_orders WHERE at_ms > ? ORDER BY at_ms');
  const addOrder = database.prepare('INSERT INTO certificate_orders (tenant, at_ms) VALUES (?, ?)');
  const forgetOrders = database.prepare('DELETE FROM certificate_orders WHERE at_ms <= ?');
  return {
    list: () => reading(() => Array.from(list.iterate(), recordOf)),
    put: (records) =>
      transaction(database, () => {
        for (const record of records) put.run(...columnsOf(record));
      }),
    remove: (name) => writing(() => void remove.run(name)),
    ordersSince: (sinceMs) =>
      reading(() =>
        Array.from(orders.iterate(sinceMs), ({ tenant, at_ms }) => ({
          tenantId: textOrNull(tenant),
          atMs: Number(at_ms),
        })),
      ),
    addOrder: ({ tenantId, atMs }, sinceMs) =>
      transaction(database, () => {
        forgetOrders.run(sinceMs);
        addOrder.run(tenantId, atMs);
      }),
  };
}

function columnsOf(record: CertificateRecord): SQLInputValue[] {
  const { name, tenantId, directory, isAhead, issued, failure, retryAtMs, dueAtMs } = record;
  return [
    name,
    tenantId,
    directory,
    isAhead ? 1 : 0,
    issued?.notBeforeMs ?? null,
    issued?.notAfterMs ?? null,
    issued?.renewalId ?? null,
    failure?.count ?? 0,
    failure?.atMs ?? null,
    failure?.reason ?? null,
    retryAtMs,
    dueAtMs,
  ];
}

function recordOf(row: Record<string, SQLOutputValue>): CertificateRecord {
  const [notBeforeMs, notAfterMs, failedAtMs] = [row['not_before_ms'], row['not_after_ms'], row['failed_at_ms']].map(
    numberOrNull,
  ) as [number | null, number | null, number | null];
  return {
    name: String(row['name']),
    tenantId: textOrNull(row['tenant']),
    directory: String(row['directory']),
    isAhead: row['ahead'] === 1,
    issued:
      notBeforeMs === null || notAfterMs === null
        ? null
        : { notBeforeMs, notAfterMs, renewalId: textOrNull(row['renewal_id']) },
    failure:
      failedAtMs === null ? null : { count: Number(row['failures']), atMs: failedAtMs, reason: String(row['problem']) },
    retryAtMs: numberOrNull(row['retry_at_ms']),
    dueAtMs: numberOrNull(row['due_at_ms']),
  };
}

function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

function textOrNull(value: SQLOutputValue | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
