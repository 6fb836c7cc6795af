/** Keeps memory of the machine available: while it is short, unused instances are ended one by one. */

import { type HostMemory, isShort } from '../../core/admission/pressure.ts';
import type { Clock } from '../../core/ports.ts';
import type { Logger } from '../../logger.ts';
import { Ticker } from '../monitors/ticker.ts';

export interface MemoryReserveOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Returns null when it is unknown. */
  readHostMemory(): HostMemory | null;
  /** 0: no reserve. Read each time, because a reload may change it. */
  reserveBytes(): number;
  /** Whether any instance runs. */
  isNeeded(): boolean;
  /** Ends an instance. Settles when it is gone; false when all are in use. */
  evict(): Promise<boolean>;
}

/** Returns a ticker that runs until no instance runs. */
export function memoryReserve(options: MemoryReserveOptions): Ticker {
  return new Ticker(options, async () => {
    const { readHostMemory, reserveBytes, isNeeded, evict } = options;
    const memory = reserveBytes() === 0 ? null : readHostMemory();
    // One instance in each round, so that its memory is free before the next look.
    if (memory !== null && isShort(memory, reserveBytes())) await evict();
    return isNeeded();
  });
}
