/** Keeps memory of the machine available: while it is short, ends instances that nobody uses, one after the other. */
import type { Clock } from '../core/ports.ts';
import { type HostMemory, isShort } from '../core/pressure.ts';

const INTERVAL_MS = 1000;

export interface MemoryReserveOptions {
  readonly clock: Clock;
  /** null where it is not known. */
  readHostMemory(): HostMemory | null;
  /** 0: none. Asked each time: a reload may change it. */
  reserveBytes(): number;
  /** Whether anything runs. */
  isNeeded(): boolean;
  /** Ends one; settles when it is gone, false when all are in use. */
  evict(): Promise<boolean>;
}

export class MemoryReserve {
  private readonly options: MemoryReserveOptions;
  private cancel: (() => void) | null = null;
  private ended = false;

  constructor(options: MemoryReserveOptions) {
    this.options = options;
  }

  /** Looks from now on, until nothing runs. */
  watch(): void {
    if (this.cancel === null && !this.ended)
      this.cancel = this.options.clock.after(INTERVAL_MS, () => void this.round());
  }

  end(): void {
    this.ended = true;
    this.cancel?.();
  }

  private async round(): Promise<void> {
    const { readHostMemory, reserveBytes, isNeeded, evict } = this.options;
    const memory = reserveBytes() === 0 ? null : readHostMemory();
    // One a round: what it had is given back by then.
    if (memory !== null && isShort(memory, reserveBytes())) await evict();
    this.cancel = null;
    if (isNeeded()) this.watch();
  }
}
