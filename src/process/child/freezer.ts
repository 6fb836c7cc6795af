/**
 * Halts a process with all that it started, and resumes them: with the freezer of its cgroup, or by SIGSTOP and SIGCONT
 * without one.
 */
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { descendantsOf } from '../proc/descendants.ts';
import { allPids, isAlive, readStat } from '../proc/proc.ts';

export interface Frozen {
  readonly leader: ProcessIdentity;
  /** null without cgroups. */
  readonly cgroup: Pick<Cgroup, 'freeze'> | null;
}

export function freeze({ leader, cgroup }: Frozen): void {
  if (cgroup?.freeze(true) !== true) signalAll(leader, 'SIGSTOP');
}

/** Does nothing when the process is not frozen. */
export function thaw({ leader, cgroup }: Frozen): void {
  if (cgroup?.freeze(false) !== true) signalAll(leader, 'SIGCONT');
}

/** Signals the leader's group and the descendants that left the group. */
function signalAll(leader: ProcessIdentity, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (!isAlive(leader)) return;
  signal(-leader.pid, name);
  for (const pid of descendantsOf(leader.pid) ?? family(leader.pid)) {
    const stat = readStat(pid);
    if (stat !== null && stat.pgrp !== leader.pid) signal(pid, name);
  }
}

/**
 * Finds a group and its descendants among all processes. Used where the kernel does not list children, or there are too
 * many.
 */
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
    // The process is gone already.
  }
}
