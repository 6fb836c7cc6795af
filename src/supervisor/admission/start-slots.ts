/**
 * Slots for starts: at most `maxConcurrentStarts` at once, and `maxRunning` alive. Starts that a request waits for come
 * first, then an operator's, then the others, each in order of arrival. Only one start at a time makes room, so that
 * two never count on the same sleeper.
 */

import { type Demand, rankOf } from '../../core/admission/demand.ts';
import { type DescriptorShares, roomToRun } from '../../core/limits/descriptors.ts';

export interface StartLimits {
  readonly maxConcurrentStarts: number;
  readonly maxRunning: number;
}

export interface StartSlotsOptions {
  /** Read each time, because a reload may change them. */
  limits(): StartLimits;
  /** Puts an idle instance to sleep. Settles when it is gone; false when no instance may be ended for this demand. */
  makeRoom(demand: Demand): Promise<boolean>;
}

export type SlotAnswer = 'granted' | 'no-room' | 'aborted';

/** Returns the config's limits, lowered if this process may not open enough files for them. */
export function startLimits(settings: StartLimits, shares: DescriptorShares | null, registered: number): StartLimits {
  const { maxConcurrentStarts, maxRunning } = settings;
  if (shares === null) return settings;
  return {
    maxConcurrentStarts: Math.min(maxConcurrentStarts, shares.starts),
    maxRunning: Math.min(maxRunning, roomToRun(shares, registered)),
  };
}

interface QueuedStart {
  readonly signal: AbortSignal;
  readonly demand: () => Demand;
  readonly answer: (answer: SlotAnswer) => void;
}

export class StartSlots {
  private readonly waiting: QueuedStart[] = [];
  private readonly options: StartSlotsOptions;
  private starting = 0;
  private alive = 0;
  private granting = false;

  constructor(options: StartSlotsOptions) {
    this.options = options;
  }

  /**
   * Waits for a slot. A granted slot is returned with `started` (another may start), then `ended` (nothing is left of
   * it).
   * @param demand read each time that a slot is free
   */
  acquire(signal: AbortSignal, demand: () => Demand): Promise<SlotAnswer> {
    return new Promise((resolve) => {
      this.waiting.push({ signal, demand, answer: resolve });
      signal.addEventListener('abort', () => void this.grant(), { once: true });
      void this.grant();
    });
  }

  /** Counts an instance that runs already; it is returned with `ended`. */
  adopt(): void {
    this.alive += 1;
  }

  started(): void {
    this.starting -= 1;
    void this.grant();
  }

  ended(): void {
    this.alive -= 1;
    void this.grant();
  }

  private async grant(): Promise<void> {
    this.dropAborted();
    if (this.granting) return;
    this.granting = true;
    try {
      while (this.waiting.length > 0 && this.starting < this.options.limits().maxConcurrentStarts)
        await this.grantNext();
    } finally {
      this.granting = false;
    }
  }

  private async grantNext(): Promise<void> {
    const next = this.next();
    if (next === undefined) return;
    const room = this.hasRoom || (await this.options.makeRoom(next.demand()));
    this.dropAborted();
    const stillWaits = this.waiting.includes(next);
    // Room that was made for a start that was given up goes to the next one.
    if (room) this.grantTo(stillWaits ? next : this.next());
    // A start that gets no room may be followed by one that does.
    else if (this.remove(next)) next.answer('no-room');
  }

  private get hasRoom(): boolean {
    return this.alive < this.options.limits().maxRunning;
  }

  private grantTo(waiting: QueuedStart | undefined): void {
    if (waiting === undefined) return;
    this.remove(waiting);
    this.starting += 1;
    this.alive += 1;
    waiting.answer('granted');
  }

  /** Returns the most urgent start, in order of arrival among equals. */
  private next(): QueuedStart | undefined {
    this.dropAborted();
    let best: { readonly waiting: QueuedStart; readonly rank: number } | undefined;
    for (const waiting of this.waiting) {
      const rank = rankOf(waiting.demand());
      if (best === undefined || rank < best.rank) best = { waiting, rank };
      if (rank === 0) break;
    }
    return best?.waiting;
  }

  private remove(waiting: QueuedStart): boolean {
    const index = this.waiting.indexOf(waiting);
    if (index >= 0) this.waiting.splice(index, 1);
    return index >= 0;
  }

  private dropAborted(): void {
    for (let index = this.waiting.length - 1; index >= 0; index -= 1) {
      if (!this.waiting[index]?.signal.aborted) continue;
      this.waiting.splice(index, 1)[0]?.answer('aborted');
    }
  }
}
