/** When the machine is short of memory. Pure. */

export interface HostMemory {
  /** What could be given to processes without swapping (proc_meminfo(5), MemAvailable). */
  readonly availableBytes: number;
  /** Share of the last ten seconds in which something waited for memory, in percent; null where the kernel does not tell. */
  readonly stalledPercent: number | null;
}

/** What is available is an estimate. Where a tenth of the time is spent waiting for memory, there is too little. */
const STALLED_PERCENT = 10;

/** Whether less than `reserveBytes` are left, or less than twice that while processes stall. `reserveBytes` 0: never. */
export function isShort({ availableBytes, stalledPercent }: HostMemory, reserveBytes: number): boolean {
  if (availableBytes < reserveBytes) return true;
  return (stalledPercent ?? 0) >= STALLED_PERCENT && availableBytes < 2 * reserveBytes;
}
