/** Cgroups of version 1 (Documentation/admin-guide/cgroup-v1): one directory for each controller. */
import { existsSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Limits } from '../../core/limits/limits.ts';
import type { Cgroup, CgroupUsage } from './cgroup.ts';
import { readKeyed, readNumber, readPids, tryWriteControl, writeControl } from './files.ts';

const PERIOD_US = 100_000;
/** Default of `cpu.shares` (Documentation/scheduler/sched-design-CFS.rst), which corresponds to `cpu_shares = 100`. */
const SHARES_OF_100 = 1024;
const NS_PER_S = 1e9;
/** A file that only the controller has, which identifies its directory. */
const MARKS = {
  memory: 'memory.limit_in_bytes',
  cpu: 'cpu.shares',
  cpuacct: 'cpuacct.usage',
  pids: 'pids.max',
  freezer: 'freezer.state',
} as const;
type Controller = keyof typeof MARKS;

export class CgroupV1 implements Cgroup {
  readonly dirs: readonly string[];
  readonly joinFiles: readonly string[];
  readonly holdsSigkill = true;
  /** Controller → its directory; null: none. */
  private readonly found = new Map<Controller, string | null>();

  constructor(dirs: readonly string[]) {
    this.dirs = dirs;
    // Not `cgroup.procs`: its write waits until no processor is in the middle of a fork, about 10 ms.
    this.joinFiles = dirs.map((dir) => join(dir, 'tasks'));
  }

  limit({ memoryLimitBytes: memoryBytes, cpuShares, cpuLimit, pidsLimit }: Limits): void {
    this.limitMemory(memoryBytes);
    this.set('cpu', 'cpu.cfs_period_us', PERIOD_US);
    this.set('cpu', 'cpu.cfs_quota_us', cpuLimit === null ? -1 : Math.round(cpuLimit * PERIOD_US));
    this.set('cpu', 'cpu.shares', Math.max(2, Math.round(((cpuShares ?? 100) * SHARES_OF_100) / 100)));
    this.set('pids', 'pids.max', pidsLimit ?? 'max');
  }

  usage(): CgroupUsage {
    const memory = this.dirOf('memory');
    const cpu = this.dirOf('cpuacct');
    const nanoseconds = cpu === null ? null : readNumber(join(cpu, 'cpuacct.usage'));
    return {
      memoryBytes: memory === null ? null : readNumber(join(memory, 'memory.usage_in_bytes')),
      peakMemoryBytes: memory === null ? null : readNumber(join(memory, 'memory.max_usage_in_bytes')),
      cpuSeconds: nanoseconds === null ? null : nanoseconds / NS_PER_S,
      oomKills: memory === null ? 0 : (readKeyed(join(memory, 'memory.oom_control'), 'oom_kill') ?? 0),
    };
  }

  pids(): number[] {
    const [dir] = this.dirs;
    return dir === undefined ? [] : readPids(join(dir, 'cgroup.procs'));
  }

  kill(): boolean {
    return false;
  }

  freeze(frozen: boolean): boolean {
    const dir = this.dirOf('freezer');
    return dir !== null && tryWriteControl(join(dir, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED');
  }

  /** Version 1 cannot reclaim memory on request. */
  async pushOut(): Promise<void> {}

  remove(): void {
    for (const dir of this.dirs) {
      try {
        rmdirSync(dir);
      } catch {
        // Not empty yet.
      }
    }
  }

  /** The limit of memory plus swap may never be below that of memory, so it is lifted first and set last. */
  private limitMemory(bytes: number | null): void {
    const memory = bytes ?? -1;
    const dir = this.dirOf('memory');
    if (dir === null) return;
    tryWriteControl(join(dir, 'memory.memsw.limit_in_bytes'), '-1');
    this.set('memory', 'memory.limit_in_bytes', memory);
    tryWriteControl(join(dir, 'memory.memsw.limit_in_bytes'), String(memory));
  }

  private set(controller: Controller, file: string, value: number | string): void {
    const dir = this.dirOf(controller);
    if (dir !== null) writeControl(join(dir, file), String(value));
  }

  private dirOf(controller: Controller): string | null {
    const known = this.found.get(controller);
    if (known !== undefined) return known;
    const dir = this.dirs.find((one) => existsSync(join(one, MARKS[controller]))) ?? null;
    this.found.set(controller, dir);
    return dir;
  }
}
