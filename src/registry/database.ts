/** tenement.db: SQLite in WAL mode, migrated when it is opened. */
import type { DatabaseSync } from 'node:sqlite';
import { TenementError } from '../errors.ts';
import { loadExperimental } from '../node/experimental.ts';
import { MIGRATIONS } from './migrations.ts';

export type Database = DatabaseSync;

const sqlite = loadExperimental('node:sqlite');

/**
 * How long opening waits for another process's lock. Later nothing waits, because that would halt the event loop and
 * with it every tenant. A write that fails is repeated later (`whenWritable`, `WriteBehind`, the event log).
 */
const OPEN_WAIT_MS = 5000;
/** Size to which the write-ahead log is cut after a checkpoint that a long reader had delayed. */
const WAL_LIMIT_BYTES = 16 * 1024 * 1024;
/** SQLITE_BUSY and SQLITE_LOCKED (sqlite3.h). */
const LOCKED_CODES: readonly unknown[] = [5, 6];

/**
 * Opens the registry. @throws {TenementError} `state_failed` when the file is unreadable, no database, or of a later
 * tenement
 */
export function openDatabase(file: string): Database {
  let database: Database | null = null;
  try {
    database = new sqlite.DatabaseSync(file);
    database.exec(`PRAGMA busy_timeout = ${OPEN_WAIT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;`);
    database.exec(`PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}`);
    assertSound(database, file);
    migrate(database, file);
    database.exec('PRAGMA busy_timeout = 0');
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof TenementError) throw error;
    if (isLocked(error)) throw unusable('opened', error);
    const why = error instanceof Error ? error.message : String(error);
    const what = DAMAGED_CODES.includes(primaryCode(error)) ? 'is damaged' : 'cannot be opened';
    const message = `the registry ${file} ${what}: ${why}`;
    throw new TenementError('state_failed', message, { hint: hintFor(error), cause: error });
  }
}

const RESTORE = 'Move it away with its -wal and -shm files and restore a backup; docs/operating.md says how.';
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED_CODES: readonly unknown[] = [11, 26];

function hintFor(error: unknown): string {
  if (DAMAGED_CODES.includes(primaryCode(error))) return RESTORE;
  return 'Check that the file and its directory can be read and written by the user that runs this, and that the disk has room.';
}

/**
 * Runs `work` in one transaction that is on disk on return. Other commits survive a crash of tenement, but not of the
 * machine.
 */
export function durably(database: Database, work: () => void): void {
  database.exec('PRAGMA synchronous = FULL');
  try {
    transaction(database, work);
  } finally {
    database.exec('PRAGMA synchronous = NORMAL');
  }
}

/**
 * Runs `work` in one transaction. @throws {TenementError} `state_failed` when it cannot be written; nothing of it is
 * kept
 */
export function transaction(database: Database, work: () => void): void {
  try {
    database.exec('BEGIN IMMEDIATE');
    work();
    database.exec('COMMIT');
  } catch (error) {
    // SQLite has already rolled back after some errors.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw unusable('written', error);
  }
}

/** Runs one writing statement, a transaction of its own. @throws {TenementError} `state_failed` when it fails */
export function writing(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw unusable('written', error);
  }
}

/** Runs a query; a writer does not delay it. @throws {TenementError} `state_failed` when it fails */
export function reading<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw unusable('read', error);
  }
}

/** `isLockedOut` recognises the error for a lock. */
function unusable(how: 'opened' | 'read' | 'written', error: unknown): TenementError {
  if (isLocked(error)) {
    return new TenementError('state_failed', `the registry cannot be ${how}: another process holds its lock`, {
      hint: 'End its transaction (an sqlite3 shell, a backup that hangs); `fuser -v` lists who has tenement.db open.',
      retryAfterS: 1,
      cause: error,
    });
  }
  const why = error instanceof Error ? error.message : String(error);
  return new TenementError('state_failed', `the registry cannot be ${how}: ${why}`, { cause: error });
}

function isLocked(error: unknown): boolean {
  return LOCKED_CODES.includes(primaryCode(error));
}

/** Returns the low byte of an SQLite result code; null for any other error. */
function primaryCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : null;
}

/** A damaged registry is refused, because it would serve only some tenants. @throws {TenementError} `state_failed` */
function assertSound(database: Database, file: string): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (found === 'ok') return;
  throw new TenementError('state_failed', `the registry ${file} is damaged: ${found}`, {
    hint: RESTORE,
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
