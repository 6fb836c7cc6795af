/** tenement.db: SQLite in WAL mode, migrated when it is opened. */
import { DatabaseSync } from 'node:sqlite';
import { TenementError } from '../errors.ts';
import { MIGRATIONS } from './migrations.ts';

export type Database = DatabaseSync;

/** @throws {TenementError} `state_failed`: unreadable, not a database, or of a later tenement. */
export function openDatabase(file: string): Database {
  let database: Database | null = null;
  try {
    database = new DatabaseSync(file);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
    assertSound(database, file);
    migrate(database, file);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof TenementError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new TenementError('state_failed', `the registry ${file} cannot be opened: ${why}`, {
      hint: 'See that the file is readable and the disk has room; a corrupt one is replaced from a backup.',
      cause: error,
    });
  }
}

/** Runs `work` in one transaction that is on disk when it returns; without it a commit survives a crash of tenement, not of the machine. */
export function durably(database: Database, work: () => void): void {
  database.exec('PRAGMA synchronous = FULL');
  try {
    transaction(database, work);
  } finally {
    database.exec('PRAGMA synchronous = NORMAL');
  }
}

/** All of it or nothing. @throws {TenementError} `state_failed` when it cannot be written */
export function transaction(database: Database, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    // SQLite has rolled back by itself where it had to.
    if (database.isTransaction) database.exec('ROLLBACK');
    const why = error instanceof Error ? error.message : String(error);
    throw new TenementError('state_failed', `the registry cannot be written: ${why}`, { cause: error });
  }
}

/** Better not served than served from half a registry. @throws {TenementError} `state_failed` */
function assertSound(database: Database, file: string): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (found === 'ok') return;
  throw new TenementError('state_failed', `the registry ${file} is damaged: ${found}`, {
    hint: 'Put it aside with its -wal and -shm files and restore a backup; docs/operating.md says how.',
  });
}

function migrate(database: Database, file: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new TenementError('state_failed', `the registry ${file} was written by a later version of tenement`, {
      hint: 'Run that version, or restore the backup made before it.',
    });
  }
  MIGRATIONS.slice(version).forEach((sql, index) => {
    durably(database, () => database.exec(`${sql}; PRAGMA user_version = ${version + index + 1}`));
  });
}
