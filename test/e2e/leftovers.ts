/** What a server has left behind: processes whose environment names a directory of its tenants, and their cgroups. */
import { createHash } from 'node:crypto';
import { globSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

/** The processes whose tenant directory is this one, or lies in it. */
export function processesIn(dir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => environmentOf(pid).some((entry) => `${entry}/`.startsWith(`DATA_DIR=${dir}/`)));
}

/** Ends every process that was started for a tenant of `dataDir`; each with its status and command, none when all is well. */
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

/** Where a server of this machine may make the cgroups of its tenants (src/process/cgroup/find.ts). */
const CGROUP_PLACES = ['', '*/', '*/*/', '*/*/*/'].map((depth) => `/sys/fs/cgroup/${depth}`);

/** What is frozen takes no signal, with version 1 of cgroups not even SIGKILL. */
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

/** Removes the empty cgroups of a server that was killed; another one of that state directory would use them again. */
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
    // Its last process has not been waited for yet.
  }
}
