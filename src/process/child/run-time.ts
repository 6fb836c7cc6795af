/** How long a process and its descendants have run on a processor; 0 without /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { withReserve } from '../proc/reserve.ts';

const NS_PER_MS = 1e6;

/**
 * Returns the run time of a whole tree in ms, exact to the nanosecond: the first field of schedstat
 * (Documentation/scheduler/sched-stats).
 */
export function treeRunTimeMs(pid: number): number {
  let total = 0;
  for (const task of tasksOf(pid)) {
    total += Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ', 1)[0]) / NS_PER_MS;
    const children = read(`/proc/${pid}/task/${task}/children`).split(' ');
    for (const child of children) if (child !== '') total += treeRunTimeMs(Number(child));
  }
  return total;
}

function tasksOf(pid: number): string[] {
  try {
    return withReserve(() => readdirSync(`/proc/${pid}/task`));
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return withReserve(() => readFileSync(path, 'latin1'));
  } catch {
    return '';
  }
}
