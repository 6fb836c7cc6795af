/** Whether this machine has swap: a disk, a file, or memory that is compressed (zram). */
import { readControl } from './files.ts';

/** A line for the columns, then one for each. */
export function hasSwap(): boolean {
  return (readControl('/proc/swaps') ?? '').trim().split('\n').length > 1;
}
