/** Keeps memory of the machine available: while it is short, ends instances that nobody uses, one after the other. */

import { type HostMemory, isShort } from '../../core/admission/pressure.ts';
import type { Clock } from '../../core/ports.ts';
import type { Logger } from '../../logger.ts';
import { Ticker } from '../monitors/ticker.ts';

export interface MemoryReserveOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** null where it is not known. */
  readHostMemory(): HostMemory | null;
  /** 0: none. Asked each time: a reload may change it. */
  reserveBytes(): number;
  /** Whether anything runs. */
  isNeeded(): boolean;
  /** Ends one; settles when it is gone, false when all are in use. */
  evict(): Promise<boolean>;
}

/** Goes on until nothing runs. */
export function memoryReserve(options: MemoryReserveOptions): Ticker {
  return new Ticker(options, async () => {
    const { readHostMemory, reserveBytes, isNeeded, evict } = options;
    const memory = reserveBytes() === 0 ? null : readHostMemory();
    // One a round: what it had is given back by then.
    if (memory !== null && isShort(memory, reserveBytes())) await evict();
    return isNeeded();
  });
}
