/** Memory and CPU of process trees, by pidusage. */
import pidusage from 'pidusage';
import type { Usage, UsageMeter } from '../../core/ports.ts';
import type { ProcStat } from '../proc/proc.ts';
import { lookAtStats } from '../proc/process-snapshot.ts';

/**
 * How long pidusage remembers a process that is not asked for again, and keeps its /proc file open: slightly longer
 * than the time between two measurements. Its default of one minute leaks descriptors where many processes come and go,
 * and gives a wrong answer for a later process with the same pid.
 */
const REMEMBER_MS = 2000;
/** USER_HZ, in which the kernel tells processor time (proc(5)); the same on all usual architectures. */
const TICKS_PER_S = 100;

export function createUsageMeter(): UsageMeter {
  return {
    async measure(roots) {
      // Before the processes themselves: a child that ends meanwhile is missing for once, and never counted twice.
      const all = await lookAtStats();
      const trees = treesOf(roots, all);
      const waited = new Map(all.map(({ pid, waitedTicks }) => [pid, waitedTicks / TICKS_PER_S]));
      const pids = [...new Set([...trees.values()].flat())];
      const figures = await figuresOf(pids);
      const usages = new Map<number, Usage>();
      for (const [root, members] of trees) {
        if (figures.has(root)) usages.set(root, sum(members, figures, waited));
      }
      return usages;
    },
  };
}

/** Maps each root to its descendants and its group's members, also those whose parent is gone. */
function treesOf(roots: readonly number[], all: readonly ProcStat[]): Map<number, number[]> {
  const wanted = new Set(roots);
  const stats = new Map(all.map((stat) => [stat.pid, stat]));
  const trees = new Map<number, number[]>(roots.map((root) => [root, [root]]));
  for (const stat of stats.values()) {
    const root = rootOf(stat, stats, wanted);
    if (root !== null && root !== stat.pid) trees.get(root)?.push(stat.pid);
  }
  return trees;
}

function rootOf(stat: ProcStat, stats: ReadonlyMap<number, ProcStat>, roots: ReadonlySet<number>): number | null {
  for (let at: ProcStat | undefined = stat; at !== undefined; at = stats.get(at.ppid)) {
    if (roots.has(at.pid)) return at.pid;
    if (roots.has(at.pgrp)) return at.pgrp;
  }
  return null;
}

async function figuresOf(pids: readonly number[]): Promise<Map<number, Usage>> {
  const figures = new Map<number, Usage>();
  await Promise.all(
    pids.map(async (pid) => {
      // A process may have ended by now.
      const stat = await pidusage(pid, { maxage: REMEMBER_MS }).catch(() => null);
      if (stat !== null) {
        figures.set(pid, { memoryBytes: stat.memory, cpuSeconds: stat.ctime / 1000, peakMemoryBytes: null });
      }
    }),
  );
  return figures;
}

/** @param waited pid → processor time of its ended children, in seconds */
function sum(
  members: readonly number[],
  figures: ReadonlyMap<number, Usage>,
  waited: ReadonlyMap<number, number>,
): Usage {
  let memoryBytes = 0;
  let cpuSeconds = 0;
  for (const pid of members) {
    memoryBytes += figures.get(pid)?.memoryBytes ?? 0;
    const own = figures.get(pid)?.cpuSeconds;
    if (own !== undefined) cpuSeconds += own + (waited.get(pid) ?? 0);
  }
  return { memoryBytes, cpuSeconds, peakMemoryBytes: null };
}
