/**
 * Finds what a server has left behind: processes whose environment names a tenant directory of it, and their cgroups.
 */
import { createHash } from 'node:crypto';
import { globSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

/** Lists processes whose tenant directory is this one, or inside it. */
export function processesIn(dir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => environmentOf(pid).some((entry) => `${entry}/`.startsWith(`DATA_DIR=${dir}/`)));
}

/** Ends every process of a tenant of `dataDir`. Returns the status and command of each; empty when all is well. */
export function endLeftovers(dataDir: string): string[] {
  const left = processesIn(dataDir);
  const described = left.map(describe);
  for (const pid of left) endIfThere(pid);
  return described;
}

function describe(pid: number): string {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const state = /^State:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return `${pid} (${state}) ${command}`;
  } catch {
    return `${pid}, which has ended since`;
  }
}

/** Returns an empty list for a process that has ended, even if it is not reaped, or that belongs to another user. */
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
    // The process has ended meanwhile.
  }
}

/** Directories in which a server of this machine may create cgroups (src/process/cgroup/find.ts). */
const CGROUP_PLACES = ['', '*/', '*/*/', '*/*/*/'].map((depth) => `/sys/fs/cgroup/${depth}`);

/** Frozen processes take no signal; with cgroup v1 not even SIGKILL. */
export function thawAll(stateDir: string): void {
  for (const base of basesOf(stateDir)) {
    for (const file of globSync(`${base}/*/freezer.state`)) writeFileSync(file, 'THAWED');
    for (const file of globSync(`${base}/*/cgroup.freeze`)) writeFileSync(file, '0');
  }
}

function basesOf(stateDir: string): string[] {
  const name = `tenement-${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`;
  return globSync(CGROUP_PLACES.map((place) => `${place}${name}`));
}

/** Removes the empty cgroups of a killed server, which another server of that state directory would reuse. */
export function removeCgroups(stateDir: string): void {
  for (const base of basesOf(stateDir)) {
    for (const leaf of readdirSync(base, { withFileTypes: true }))
      if (leaf.isDirectory()) removeIfEmpty(`${base}/${leaf.name}`);
    removeIfEmpty(base);
  }
}

function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // Its last process has not been reaped yet.
  }
}
