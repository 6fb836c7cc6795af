/** Whether this machine has swap: a disk, a file, or compressed memory (zram). */
import { readControl } from './files.ts';

/** /proc/swaps has a line of column names, then a line for each swap area. */
export function hasSwap(): boolean {
  return (readControl('/proc/swaps') ?? '').trim().split('\n').length > 1;
}
