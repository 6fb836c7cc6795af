/**
 * Descriptors kept back for short looks: whether a process lives, what a cgroup holds. Without one to spare such a look
 * would find nothing, and a process that runs would be taken for one that has ended.
 */
import { closeSync, openSync } from 'node:fs';

const KEPT = 4;
/** No more may be open in this process, or on this machine. */
const SCARCE = new Set(['EMFILE', 'ENFILE']);

const kept: number[] = [];

/** Opens them, from now on and for as long as this process lives. */
export function keepReserve(): void {
  try {
    while (kept.length < KEPT) kept.push(openSync('/dev/null', 'r'));
  } catch {
    // As many as there are.
  }
}

/** Does `work`, and where it fails for want of a descriptor, once more with one of those. @throws what `work` throws */
export function withReserve<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const spare = isScarce(error) ? kept.pop() : undefined;
    if (spare === undefined) throw error;
    closeSync(spare);
    try {
      return work();
    } finally {
      keepReserve();
    }
  }
}

/** Whether that is why it failed. */
export function isScarce(error: unknown): boolean {
  return error instanceof Error && SCARCE.has((error as NodeJS.ErrnoException).code ?? '');
}
