/** The descendants of a process, by what the kernel lists of its children: without a look at all others. */
import { readdirSync, readFileSync } from 'node:fs';
import { withReserve } from './reserve.ts';

/** A tenant may have as many threads and processes as it likes. */
const MOST_TASKS = 1000;

/** Nearest first; null where the kernel does not tell (CONFIG_PROC_CHILDREN), or when there are too many to ask for. */
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

/** Also those that are zombies; none where the kernel does not tell. */
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
    // ESRCH: it ended meanwhile.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && isListed(pid, task) ? null : [];
  }
}

function isListed(pid: number, task: string): boolean {
  return listTasks(pid).includes(task);
}
