/** What is known of backups, in the registry. The repository itself has them. */
import type { SQLOutputValue } from 'node:sqlite';
import type { BackupFailure, BackupRecord, BackupStore } from '../core/stores/backup-store.ts';
import { type Database, reading, transaction } from './database.ts';

export function createBackupStore(database: Database): BackupStore {
  const list = database.prepare('SELECT * FROM backups ORDER BY tenant');
  const get = database.prepare('SELECT * FROM backups WHERE tenant = ?');
  const failures = database.prepare('SELECT * FROM backup_failures ORDER BY tenant');
  const save = database.prepare('INSERT OR REPLACE INTO backups VALUES (?, ?, ?, ?, ?, ?)');
  const removeFailure = database.prepare('DELETE FROM backup_failures WHERE tenant = ?');
  const saveFailure = database.prepare('INSERT OR REPLACE INTO backup_failures VALUES (?, ?, ?)');
  const repository = database.prepare('SELECT * FROM backup_repositories WHERE location = ?');
  const saveRepository = database.prepare('INSERT OR REPLACE INTO backup_repositories VALUES (?, ?)');
  const lastRun = database.prepare('SELECT last_run_at_ms FROM backup_schedule');
  const saveLastRun = database.prepare('INSERT OR REPLACE INTO backup_schedule VALUES (1, ?)');
  return {
    list: () => reading(() => Array.from(list.iterate(), recordOf)),
    get: (tenantId) => {
      const row = reading(() => get.get(tenantId));
      return row === undefined ? null : recordOf(row);
    },
    failures: () => reading(() => Array.from(failures.iterate(), failureOf)),
    save: ({ tenantId, repositoryId, snapshotId, atMs, seenAtMs, mark }) =>
      transaction(database, () => {
        save.run(tenantId, repositoryId, snapshotId, atMs, seenAtMs, mark);
        removeFailure.run(tenantId);
      }),
    saveFailure: ({ tenantId, atMs, reason }) =>
      transaction(database, () => void saveFailure.run(tenantId, atMs, reason)),
    repository: (location) => {
      const row = reading(() => repository.get(location));
      return row === undefined ? null : { location, id: String(row['id']) };
    },
    saveRepository: ({ location, id }) => transaction(database, () => void saveRepository.run(location, id)),
    lastRunAtMs: () => {
      const row = reading(() => lastRun.get());
      return row === undefined ? null : Number(row['last_run_at_ms']);
    },
    saveLastRun: (atMs) => transaction(database, () => void saveLastRun.run(atMs)),
  };
}

/** Removes what is known of a tenant, inside the caller's transaction. Its backups stay in the repository. */
export function backupRows(database: Database): { removeAll(tenantId: string): void } {
  const remove = database.prepare('DELETE FROM backups WHERE tenant = ?');
  const removeFailure = database.prepare('DELETE FROM backup_failures WHERE tenant = ?');
  return {
    removeAll: (tenantId) => {
      remove.run(tenantId);
      removeFailure.run(tenantId);
    },
  };
}

function recordOf(row: Record<string, SQLOutputValue>): BackupRecord {
  return {
    tenantId: String(row['tenant']),
    repositoryId: String(row['repository']),
    snapshotId: String(row['snapshot']),
    atMs: Number(row['at_ms']),
    seenAtMs: Number(row['seen_at_ms']),
    mark: row['mark'] === null ? null : String(row['mark']),
  };
}

function failureOf(row: Record<string, SQLOutputValue>): BackupFailure {
  return { tenantId: String(row['tenant']), atMs: Number(row['at_ms']), reason: String(row['reason']) };
}
