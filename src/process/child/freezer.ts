/**
 * Halts a process and all that it started, and lets them go on: by the freezer of its cgroup, or where there is none by
 * SIGSTOP and SIGCONT.
 */
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { descendantsOf } from '../proc/descendants.ts';
import { allPids, isAlive, readStat } from '../proc/proc.ts';

export interface Frozen {
  readonly leader: ProcessIdentity;
  /** null where there are none. */
  readonly cgroup: Pick<Cgroup, 'freeze'> | null;
}

export function freeze({ leader, cgroup }: Frozen): void {
  if (cgroup?.freeze(true) !== true) signalAll(leader, 'SIGSTOP');
}

/** Does nothing to what is not frozen. */
export function thaw({ leader, cgroup }: Frozen): void {
  if (cgroup?.freeze(false) !== true) signalAll(leader, 'SIGCONT');
}

/** The leader's group, and what left the group but not the family. */
function signalAll(leader: ProcessIdentity, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (!isAlive(leader)) return;
  signal(-leader.pid, name);
  for (const pid of descendantsOf(leader.pid) ?? family(leader.pid)) {
    const stat = readStat(pid);
    if (stat !== null && stat.pgrp !== leader.pid) signal(pid, name);
  }
}

/** Where the kernel does not list children, or there are too many: its group and its descendants, by all processes. */
function family(rootPid: number): number[] {
  const stats = allPids()
    .map(readStat)
    .filter((stat) => stat !== null);
  const members = new Set([rootPid]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const { pid, ppid, pgrp } of stats) {
      if (members.has(pid) || !(pgrp === rootPid || members.has(ppid))) continue;
      members.add(pid);
      grew = true;
    }
  }
  return [...members];
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}
