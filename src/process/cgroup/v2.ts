/** Cgroups of version 2 (Documentation/admin-guide/cgroup-v2.rst). */
import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Limits } from '../../core/limits/limits.ts';
import type { Cgroup, CgroupUsage } from './cgroup.ts';
import {
  readControl,
  readKeyed,
  readNumber,
  readPids,
  tryWriteControl,
  writeControl,
  writeSlowControl,
} from './files.ts';
import { hasSwap } from './swap.ts';

/** Period of `cpu.max` in µs: the kernel's default. */
const PERIOD_US = 100_000;
/** `memory.high` as a share of `memory.max`. Above it the kernel reclaims memory and slows the processes down. */
const HIGH_SHARE = 31 / 32;
const US_PER_S = 1e6;
/** How much memory is reclaimed at a time: some 10 ms with compressed swap. */
const PIECE_BYTES = 16 * 1024 * 1024;

export class CgroupV2 implements Cgroup {
  readonly dirs: readonly string[];
  readonly joinFiles: readonly string[];
  readonly holdsSigkill = false;
  private readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    this.dirs = [dir];
    this.joinFiles = [join(dir, 'cgroup.procs')];
  }

  limit({ memoryLimitBytes: memoryBytes, cpuShares, cpuLimit, pidsLimit }: Limits): void {
    this.set('memory.max', memoryBytes);
    this.set('memory.high', memoryBytes === null ? null : Math.floor(memoryBytes * HIGH_SHARE));
    // Without this the memory limit would only move the excess to swap.
    this.set('memory.swap.max', memoryBytes === null ? null : 0);
    this.set('cpu.max', cpuLimit === null ? null : Math.round(cpuLimit * PERIOD_US), ` ${PERIOD_US}`);
    this.set('cpu.weight', cpuShares ?? 100);
    this.set('pids.max', pidsLimit);
    // The kernel kills all of an instance together: an instance that lacks one process does not work.
    tryWriteControl(this.file('memory.oom.group'), '1');
  }

  usage(): CgroupUsage {
    const usec = readKeyed(this.file('cpu.stat'), 'usage_usec');
    return {
      memoryBytes: readNumber(this.file('memory.current')),
      peakMemoryBytes: readNumber(this.file('memory.peak')),
      cpuSeconds: usec === null ? null : usec / US_PER_S,
      oomKills: readKeyed(this.file('memory.events'), 'oom_kill') ?? 0,
    };
  }

  pids(): number[] {
    return readPids(this.file('cgroup.procs'));
  }

  kill(): boolean {
    return tryWriteControl(this.file('cgroup.kill'), '1');
  }

  freeze(frozen: boolean): boolean {
    return tryWriteControl(this.file('cgroup.freeze'), frozen ? '1' : '0');
  }

  /** Reclaims piece by piece, off the event loop, because a request to the kernel cannot be cancelled. */
  async pushOut({ memoryLimitBytes }: Limits, resumed: AbortSignal): Promise<void> {
    if (!hasSwap()) return;
    const allowSwap = (bytes: number) => {
      if (memoryLimitBytes !== null) tryWriteControl(this.file('memory.swap.max'), String(bytes));
    };
    allowSwap(memoryLimitBytes ?? 0);
    resumed.addEventListener('abort', () => allowSwap(0), { once: true });
    let left = readNumber(this.file('memory.current')) ?? 0;
    while (left > 0 && !resumed.aborted) {
      const piece = Math.min(left, PIECE_BYTES);
      // The kernel could reclaim less than a piece, or does not support the file.
      if (!(await writeSlowControl(this.file('memory.reclaim'), String(piece)))) return;
      left = Math.min(left - piece, readNumber(this.file('memory.current')) ?? 0);
    }
  }

  remove(): void {
    try {
      rmdirSync(this.dir);
    } catch {
      // Not empty: some process cannot be killed yet. The next start reuses the cgroup.
    }
  }

  /** Sets a limit; null: none. A missing file matters only when there is a limit to set. */
  private set(name: string, value: number | null, suffix = ''): void {
    const text = `${value ?? 'max'}${suffix}`;
    if (value !== null && name !== 'cpu.weight') return this.mustSet(name, text);
    tryWriteControl(this.file(name), text);
  }

  private mustSet(name: string, text: string): void {
    // Swap may be compiled out of the kernel; then there is none to limit.
    if (name === 'memory.swap.max' && readControl(this.file(name)) === null) return;
    writeControl(this.file(name), text);
  }

  private file(name: string): string {
    return join(this.dir, name);
  }
}
