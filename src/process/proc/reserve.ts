/**
 * Descriptors that are kept back for short looks: whether a process lives, what a cgroup holds. Without a free
 * descriptor such a look would fail, and a running process would be taken for one that has ended.
 */
import { closeSync, openSync } from 'node:fs';

const KEPT = 4;
/** Error codes for too many open files in this process (EMFILE) or on this machine (ENFILE). */
const SCARCE = new Set(['EMFILE', 'ENFILE']);

const kept: number[] = [];

/** Opens the reserve, for as long as this process lives. */
export function keepReserve(): void {
  try {
    while (kept.length < KEPT) kept.push(openSync('/dev/null', 'r'));
  } catch {
    // Keep as many as could be opened.
  }
}

/** Runs `work`; when it fails for want of a descriptor, frees one and runs it once more. @throws what `work` throws */
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

/** Whether an error is due to a lack of descriptors. */
export function isScarce(error: unknown): boolean {
  return error instanceof Error && SCARCE.has((error as NodeJS.ErrnoException).code ?? '');
}
