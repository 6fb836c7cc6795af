/** Makes sure that one server at most uses a state directory. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TenementError } from '../../errors.ts';
import { type ExclusiveLock, takeLock } from './exclusive-lock.ts';

/** Takes the lock. @throws {TenementError} `already_running`, which names the process that holds it */
export function acquireStateLock(stateDir: string): ExclusiveLock {
  const pidFile = join(stateDir, 'server.pid');
  const lock = takeLock(join(stateDir, 'lock.db'));
  if (lock === null) throw new TenementError('already_running', `${holder(pidFile)} already serves ${stateDir}`);
  notePid(pidFile);
  return lock;
}

/** Notes this process's pid for the next server's message. The lock holds without it. */
function notePid(pidFile: string): void {
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // A write that matters more will report a full disk.
  }
}

function holder(pidFile: string): string {
  try {
    return `tenement with pid ${readFileSync(pidFile, 'utf8').trim()}`;
  } catch {
    return 'another tenement';
  }
}
