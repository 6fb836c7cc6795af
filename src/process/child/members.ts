/**
 * Who is left of an instance that is being ended: by its cgroup, or where that does not tell, by a look at all processes,
 * which finds them by their group, session, parents, and by the SOCKET_PATH in their environment.
 */
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { descendantsOf } from '../proc/descendants.ts';
import { isAlive, type ProcStat, readStat } from '../proc/proc.ts';
import { lookAtProcesses } from '../proc/process-table.ts';

export interface MembersOptions {
  readonly leader: ProcessIdentity;
  readonly socketPath: string;
  /** null where there are none. */
  readonly cgroup: Pick<Cgroup, 'pids'> | null;
}

export class Members {
  private readonly options: MembersOptions;
  /** Not when the leader is not in it: a shell that has not joined yet, or somebody has moved it. */
  private readonly cgroupTells: boolean;
  /** Who was one once stays one: what is dying has no environment any more, and what lost its parent no family. */
  private readonly known = new Map<number, ProcessIdentity>();

  private constructor(options: MembersOptions) {
    const { leader, cgroup } = options;
    this.options = options;
    this.cgroupTells = cgroup !== null && (!isAlive(leader) || cgroup.pids().includes(leader.pid));
  }

  /** Settles when those are known who can be found only as long as the leader lives. */
  static async of(options: MembersOptions): Promise<Members> {
    const members = new Members(options);
    if (isAlive(options.leader)) members.remember(await members.family());
    return members;
  }

  /**
   * Whether the leader's group has a member that is not a zombie. The group's number is the leader's pid, which is not
   * given out again while the group has members: who has it now with another start time leads another group.
   */
  async hasGroup(): Promise<boolean> {
    const { leader } = this.options;
    const holder = readStat(leader.pid);
    if (holder !== null && holder.startTicks !== leader.startTicks) return false;
    if (!groupExists(leader.pid)) return false;
    if (holder !== null && holder.state !== 'Z') return true;
    return (await this.inGroup()).length > 0;
  }

  /** Those of the leader's group that are no zombies. */
  async inGroup(): Promise<ProcStat[]> {
    const { leader } = this.options;
    return statsOf(await this.living()).filter(({ pgrp }) => pgrp === leader.pid);
  }

  /** Those who live, among them all who did when this was asked. */
  async living(): Promise<ProcessIdentity[]> {
    const { leader, socketPath, cgroup } = this.options;
    if (!this.cgroupTells) {
      const processes = await lookAtProcesses();
      this.remember(processes.familyOf(leader));
      this.remember(processes.boundTo(socketPath));
    }
    // In a cgroup of ours: no other process can have such a pid.
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

/** Zombies count. */
function groupExists(pgrp: number): boolean {
  try {
    process.kill(-pgrp, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
