/** Asks the program in a container to end. runsc passes no signals on to it. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from '../../../core/lifecycle/instance.ts';
import { isAlive } from '../../proc/proc.ts';
import { killWords } from './command.ts';

/** runsc's name in /proc; the processes that it starts have another one. */
export const RUNSC = 'runsc';
/** `runsc kill` takes seconds on a busy machine. The grace of the program itself is timed elsewhere. */
const KILL_TIMEOUT_MS = 30_000;

/**
 * Sends SIGTERM to a container's program. A container that does not run yet ends with its runsc. @param leader the
 * runsc
 */
export function askContainer(leader: ProcessIdentity): void {
  const words = killWords(wordsOf(leader), 'TERM');
  if (words === null) return end(leader);
  const [file = '', ...args] = words;
  execFile(file, args, { timeout: KILL_TIMEOUT_MS, env: {} }, (error) => {
    if (error !== null) end(leader);
  });
}

/** Returns the command line of a process; empty when it is gone or has not called exec yet. */
function wordsOf({ pid }: ProcessIdentity): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

function end(leader: ProcessIdentity): void {
  try {
    if (isAlive(leader)) process.kill(leader.pid, 'SIGTERM');
  } catch {
    // The process is gone already.
  }
}
