/**
 * A lock on a file: an exclusive SQLite transaction that is held for life. The kernel drops it when the process ends,
 * in whatever way, so there is no stale lock to clear.
 */
import type { DatabaseSync } from 'node:sqlite';
import { loadExperimental } from '../../node/experimental.ts';

const sqlite = loadExperimental('node:sqlite');

export interface ExclusiveLock {
  release(): void;
}

/** SQLITE_BUSY */
const BUSY = 5;

/**
 * Databases of the locks that this process holds. Without a reference the garbage collector would close them and free
 * the locks.
 */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock, and creates the file if need be. Returns null when another process holds it. @throws {Error} of
 * SQLite
 */
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
