/** Which processes a server has left behind: those whose environment names a directory of its tenants. */
import { readdirSync, readFileSync } from 'node:fs';

/** The processes whose tenant directory is this one, or lies in it. */
export function processesIn(dir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => environmentOf(pid).some((entry) => `${entry}/`.startsWith(`DATA_DIR=${dir}/`)));
}

/** Ends every process that was started for a tenant of `dataDir`; their pids, none when all is well. */
export function endLeftovers(dataDir: string): number[] {
  const left = processesIn(dataDir);
  for (const pid of left) endIfThere(pid);
  return left;
}

/** Empty for a process that has ended, also while nobody has waited for it, or that is another user's. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
