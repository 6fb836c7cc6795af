/**
 * One server per state directory. The lock is an exclusive SQLite transaction that is held for life:
 * the kernel drops it with the process, however that ends, so there is no stale lock to clear.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TenementError } from '../errors.ts';

export interface StateLock {
  release(): void;
}

/** Of this process. A database that nobody refers to is closed by the garbage collector, and its lock is free then. */
const held = new Set<DatabaseSync>();

/** @throws {TenementError} `already_running`, naming the process that has it. */
export function acquireStateLock(stateDir: string): StateLock {
  const database = new DatabaseSync(join(stateDir, 'lock.db'));
  const pidFile = join(stateDir, 'server.pid');
  try {
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw new TenementError('already_running', `${holder(pidFile)} already serves ${stateDir}`, { cause: error });
  }
  held.add(database);
  notePid(pidFile);
  return {
    release: () => {
      held.delete(database);
      database.close();
    },
  };
}

/** For the message to the next one; the lock holds without it. */
function notePid(pidFile: string): void {
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // A full disk is told of by what needs it more.
  }
}

function holder(pidFile: string): string {
  try {
    return `tenement with pid ${readFileSync(pidFile, 'utf8').trim()}`;
  } catch {
    return 'another tenement';
  }
}
