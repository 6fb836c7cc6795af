/** Decides when the machine is short of memory. Pure. */

export interface HostMemory {
  /** Memory that processes can get without swapping (proc_meminfo(5), MemAvailable). */
  readonly availableBytes: number;
  /**
   * Share of the last 10 s in which some process waited for memory, in percent; null where the kernel does not tell.
   */
  readonly stalledPercent: number | null;
}

/** MemAvailable is an estimate. If a tenth of the time is spent waiting for memory, there is too little. */
const STALLED_PERCENT = 10;

/**
 * Whether less than `reserveBytes` are available, or less than twice that while processes stall. `reserveBytes` 0:
 * never.
 */
export function isShort({ availableBytes, stalledPercent }: HostMemory, reserveBytes: number): boolean {
  if (availableBytes < reserveBytes) return true;
  return (stalledPercent ?? 0) >= STALLED_PERCENT && availableBytes < 2 * reserveBytes;
}
