/** One server per state directory. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TenementError } from '../errors.ts';
import { type ExclusiveLock, takeLock } from './exclusive-lock.ts';

/** @throws {TenementError} `already_running`, naming the process that has it. */
export function acquireStateLock(stateDir: string): ExclusiveLock {
  const pidFile = join(stateDir, 'server.pid');
  const lock = takeLock(join(stateDir, 'lock.db'));
  if (lock === null) throw new TenementError('already_running', `${holder(pidFile)} already serves ${stateDir}`);
  notePid(pidFile);
  return lock;
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
