/** Asks the program in a container to end: runsc passes no signals on to it. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from '../../../core/lifecycle/instance.ts';
import { isAlive } from '../../proc/proc.ts';
import { killWords } from './command.ts';

/** As /proc names it; the processes that it starts have another name. */
export const RUNSC = 'runsc';
/** A busy machine takes seconds for it; how long the program may take is decided elsewhere. */
const KILL_TIMEOUT_MS = 30_000;

/** `leader` is the runsc that runs it. One whose container does not run yet is ended itself, and takes it along. */
export function askContainer(leader: ProcessIdentity): void {
  const words = killWords(wordsOf(leader), 'TERM');
  if (words === null) return end(leader);
  const [file = '', ...args] = words;
  execFile(file, args, { timeout: KILL_TIMEOUT_MS, env: {} }, (error) => {
    if (error !== null) end(leader);
  });
}

/** What it was called with; nothing when it is gone, or has not got there yet. */
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
    // It is gone already.
  }
}
