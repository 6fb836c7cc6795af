/**
 * A lock on a file: an exclusive SQLite transaction that is held for life. The kernel drops it with the process, however
 * that ends, so there is no stale lock to clear.
 */
import type { DatabaseSync } from 'node:sqlite';
import { loadExperimental } from '../node/experimental.ts';

const sqlite = loadExperimental('node:sqlite');

export interface ExclusiveLock {
  release(): void;
}

/** SQLITE_BUSY */
const BUSY = 5;

/** Of this process. A database that nobody refers to is closed by the garbage collector, and its lock is free then. */
const held = new Set<DatabaseSync>();

/** Null when somebody has it. Makes the file. @throws {Error} when that cannot be done */
export function takeLock(path: string): ExclusiveLock | null {
  const database = new sqlite.DatabaseSync(path);
  try {
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === BUSY) return null;
    throw error;
  }
  held.add(database);
  return {
    release: () => {
      held.delete(database);
      database.close();
    },
  };
}
