/** What the kernel keeps of one instance: its caps, what it uses, all its processes. */
import type { Limits } from '../../core/limits/limits.ts';

/** Caps that a kernel can enforce. */
export const CONTROLS = ['memory', 'cpu', 'pids'] as const;
export type Control = (typeof CONTROLS)[number];

export interface CgroupUsage {
  readonly memoryBytes: number | null;
  readonly peakMemoryBytes: number | null;
  readonly cpuSeconds: number | null;
  /** How often the kernel killed because the memory limit was reached. */
  readonly oomKills: number;
}

export interface Cgroup {
  /** Its directories, to find it again by. */
  readonly dirs: readonly string[];
  /** A process of one thread that writes `0` into each joins it. */
  readonly joinFiles: readonly string[];
  /**
   * Sets the caps, also of what runs.
   * @throws {Error} when the kernel does not take one
   */
  limit(limits: Limits): void;
  usage(): CgroupUsage;
  /** All processes in it, also those that left their group and family. */
  pids(): number[];
  /** SIGKILL to all, as far as the kernel does it in one step. Returns whether it does. */
  kill(): boolean;
  /** Whether what is frozen does not even take SIGKILL. */
  readonly holdsSigkill: boolean;
  /** Halts all of it, or lets it go on. Returns whether this kernel can. */
  freeze(frozen: boolean): boolean;
  /** Pushes its memory out to swap, as far as there is any, until `resumed`; it may use swap as long as that. */
  pushOut(limits: Limits, resumed: AbortSignal): Promise<void>;
  /** Removes it once it is empty. */
  remove(): void;
}

/** The cgroups of one server's instances. */
export interface Cgroups {
  readonly version: 'v2' | 'v1' | 'none';
  /** What it can enforce here. */
  readonly controls: ReadonlySet<Control>;
  /** Whether it can freeze. */
  readonly freezes: boolean;
  /** Why it cannot do more, and how to get that; null when it can do all. */
  readonly lack: string | null;
  /** That of an instance, made when it is not there; null when there are none here. @throws {Error} */
  make(leaf: string): Cgroup | null;
  /** One that an earlier server made; null when it is gone. */
  find(dirs: readonly string[]): Cgroup | null;
  /** All that are there, also those that an earlier server made. */
  all(): Cgroup[];
  /** Removes what is empty. */
  close(): void;
}
