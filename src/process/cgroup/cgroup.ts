/** The cgroup of one instance: its limits, its usage, all its processes. */
import type { Limits } from '../../core/limits/limits.ts';

/** Limits that a kernel can enforce. */
export const CONTROLS = ['memory', 'cpu', 'pids'] as const;
export type Control = (typeof CONTROLS)[number];

export interface CgroupUsage {
  readonly memoryBytes: number | null;
  readonly peakMemoryBytes: number | null;
  readonly cpuSeconds: number | null;
  /** How many processes the kernel killed because the memory limit was reached. */
  readonly oomKills: number;
}

export interface Cgroup {
  /** Directories of the cgroup, by which a later server finds it. */
  readonly dirs: readonly string[];
  /** Files of the cgroup: a process of one thread joins it by writing `0` into each. */
  readonly joinFiles: readonly string[];
  /**
   * Sets the limits, also for running processes.
   * @throws {Error} when the kernel rejects one
   */
  limit(limits: Limits): void;
  usage(): CgroupUsage;
  /** Lists all processes in it, also those that left their group and family. */
  pids(): number[];
  /** Sends SIGKILL to all in one step. Returns whether this kernel can. */
  kill(): boolean;
  /** Whether a frozen process does not even take SIGKILL. */
  readonly holdsSigkill: boolean;
  /** Halts all processes, or resumes them. Returns whether this kernel can. */
  freeze(frozen: boolean): boolean;
  /** Moves memory to swap, as far as there is any, until `resumed` aborts. Swap is allowed only until then. */
  pushOut(limits: Limits, resumed: AbortSignal): Promise<void>;
  /** Removes the cgroup if it is empty. */
  remove(): void;
}

/** The cgroups of one server's instances. */
export interface Cgroups {
  readonly version: 'v2' | 'v1' | 'none';
  /** Limits that can be enforced here. */
  readonly controls: ReadonlySet<Control>;
  /** Whether processes can be frozen. */
  readonly freezes: boolean;
  /** Why more is not possible, and how to get it; null when everything is. */
  readonly lack: string | null;
  /**
   * Makes an instance's cgroup, or returns the existing one; null without cgroups. @throws {Error} when mkdir(2) fails
   */
  make(leaf: string): Cgroup | null;
  /** Returns a cgroup that an earlier server made; null when it is gone. */
  find(dirs: readonly string[]): Cgroup | null;
  /** Lists all cgroups that exist, also those that an earlier server made. */
  all(): Cgroup[];
  /** Removes empty directories. */
  close(): void;
}
