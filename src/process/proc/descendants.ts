/** Lists descendants of a process from the kernel's lists of children, without a look at all processes. */
import { readdirSync, readFileSync } from 'node:fs';
import { withReserve } from './reserve.ts';

/** A tenant may have any number of threads and processes. */
const MOST_TASKS = 1000;

/**
 * Lists descendants, nearest first; null when the kernel keeps no lists (CONFIG_PROC_CHILDREN) or there are too many
 * tasks.
 */
export function descendantsOf(pid: number): number[] | null {
  const found = [pid];
  let tasks = 0;
  for (const one of found) {
    for (const task of listTasks(one)) {
      tasks += 1;
      const children = readChildren(one, task);
      if (children === null || tasks > MOST_TASKS) return null;
      found.push(...children);
    }
  }
  return found.slice(1);
}

/** Lists children, zombies included; empty when the kernel keeps no lists. */
export function childrenOf(pid: number): number[] {
  return listTasks(pid).flatMap((task) => readChildren(pid, task) ?? []);
}

function listTasks(pid: number): string[] {
  try {
    return withReserve(() => readdirSync(`/proc/${pid}/task`));
  } catch {
    return [];
  }
}

function readChildren(pid: number, task: string): number[] | null {
  try {
    return readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
  } catch (error) {
    // ESRCH: the task ended meanwhile.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && isListed(pid, task) ? null : [];
  }
}

function isListed(pid: number, task: string): boolean {
  return listTasks(pid).includes(task);
}
