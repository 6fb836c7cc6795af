/**
 * Room to start: at most `maxConcurrentStarts` at once and `maxRunning` alive, in order of arrival.
 * One start at a time makes room, so that two never count the same sleeper twice.
 */

import { type DescriptorShares, roomToRun } from '../core/descriptors.ts';

export interface StartLimits {
  readonly maxConcurrentStarts: number;
  readonly maxRunning: number;
}

export interface StartSlotsOptions {
  /** Asked each time: a reload may change them. */
  limits(): StartLimits;
  /** Puts the least recently used idle instance to sleep; settles when it is gone, false when none is idle. */
  makeRoom(): Promise<boolean>;
}

export type SlotAnswer = 'granted' | 'no-room' | 'aborted';

/** Those of the config, or fewer where the files that may be open do not suffice for as many. */
export function startLimits(settings: StartLimits, shares: DescriptorShares | null, registered: number): StartLimits {
  const { maxConcurrentStarts, maxRunning } = settings;
  if (shares === null) return settings;
  return {
    maxConcurrentStarts: Math.min(maxConcurrentStarts, shares.starts),
    maxRunning: Math.min(maxRunning, roomToRun(shares, registered)),
  };
}

interface Waiting {
  readonly signal: AbortSignal;
  readonly answer: (answer: SlotAnswer) => void;
}

export class StartSlots {
  private readonly waiting: Waiting[] = [];
  private readonly options: StartSlotsOptions;
  private starting = 0;
  private alive = 0;
  private granting = false;

  constructor(options: StartSlotsOptions) {
    this.options = options;
  }

  /** Waits for a slot. One that is granted ends with `started` (ready or failed), then `ended` (nothing left of it). */
  acquire(signal: AbortSignal): Promise<SlotAnswer> {
    return new Promise((resolve) => {
      this.waiting.push({ signal, answer: resolve });
      signal.addEventListener('abort', () => void this.grant(), { once: true });
      void this.grant();
    });
  }

  /** Counts one that runs already; it ends with `ended`. */
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
        await this.grantFirst();
    } finally {
      this.granting = false;
    }
  }

  private async grantFirst(): Promise<void> {
    const room = this.alive < this.options.limits().maxRunning || (await this.options.makeRoom());
    this.dropAborted();
    const first = this.waiting.shift();
    if (first === undefined) return;
    if (room) {
      this.starting += 1;
      this.alive += 1;
    }
    first.answer(room ? 'granted' : 'no-room');
  }

  private dropAborted(): void {
    for (let index = this.waiting.length - 1; index >= 0; index -= 1) {
      if (!this.waiting[index]?.signal.aborted) continue;
      this.waiting.splice(index, 1)[0]?.answer('aborted');
    }
  }
}
