/**
 * Finds the processes that are left of an instance. The cgroup lists them. Without one, a look at all processes finds
 * them by group, session, parents, and the SOCKET_PATH in their environment.
 */
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { descendantsOf } from '../proc/descendants.ts';
import { isAlive, type ProcStat, readStat } from '../proc/proc.ts';
import { lookAtProcesses } from '../proc/process-snapshot.ts';

export interface MembersOptions {
  readonly leader: ProcessIdentity;
  readonly socketPath: string;
  /** null without cgroups. */
  readonly cgroup: Pick<Cgroup, 'pids'> | null;
}

export class Members {
  private readonly options: MembersOptions;
  /** False when the leader is not in the cgroup: its shell has not joined yet, or something has moved it. */
  private readonly cgroupTells: boolean;
  /** Members found earlier. A dying process loses its environment, and one whose parent died loses its family. */
  private readonly known = new Map<number, ProcessIdentity>();

  private constructor(options: MembersOptions) {
    const { leader, cgroup } = options;
    this.options = options;
    this.cgroupTells = cgroup !== null && (!isAlive(leader) || cgroup.pids().includes(leader.pid));
  }

  /** Settles when the members are known that can be found only while the leader lives. */
  static async of(options: MembersOptions): Promise<Members> {
    const members = new Members(options);
    if (isAlive(options.leader)) members.remember(await members.family());
    return members;
  }

  /**
   * Whether the leader's group has a member that is not a zombie. The group's number is the leader's pid, which the
   * kernel does not reuse while the group has members. So a process that has this pid with another start time leads
   * another group.
   */
  async hasGroup(): Promise<boolean> {
    const { leader } = this.options;
    const holder = readStat(leader.pid);
    if (holder !== null && holder.startTicks !== leader.startTicks) return false;
    if (!groupExists(leader.pid)) return false;
    if (holder !== null && holder.state !== 'Z') return true;
    return (await this.inGroup()).length > 0;
  }

  /** Lists the processes of the leader's group that are not zombies. */
  async inGroup(): Promise<ProcStat[]> {
    const { leader } = this.options;
    return statsOf(await this.living()).filter(({ pgrp }) => pgrp === leader.pid);
  }

  /** Lists the living members, among them every process that lived when the call was made. */
  async living(): Promise<ProcessIdentity[]> {
    const { leader, socketPath, cgroup } = this.options;
    if (!this.cgroupTells) {
      const processes = await lookAtProcesses();
      this.remember(processes.familyOf(leader));
      this.remember(processes.boundTo(socketPath));
    }
    // Only members can have these pids, because the cgroup is the instance's own.
    this.remember(statsOf((cgroup?.pids() ?? []).map((pid) => ({ pid }))));
    return [...this.known.values()].filter(isAlive);
  }

  private async family(): Promise<ProcessIdentity[]> {
    const { leader } = this.options;
    const descendants = this.cgroupTells ? descendantsOf(leader.pid) : null;
    if (descendants === null) return (await lookAtProcesses()).familyOf(leader);
    return statsOf(descendants.map((pid) => ({ pid })));
  }

  private remember(some: readonly ProcessIdentity[]): void {
    for (const { pid, startTicks } of some) this.known.set(pid, { pid, startTicks });
  }
}

function statsOf(some: readonly { readonly pid: number }[]): ProcStat[] {
  return some.map(({ pid }) => readStat(pid)).filter((stat) => stat !== null);
}

/** Zombies count as members of a group. */
function groupExists(pgrp: number): boolean {
  try {
    process.kill(-pgrp, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
