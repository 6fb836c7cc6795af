/** Does something again and again while it is needed: once an interval, never two at once. */
import type { Clock } from '../core/ports.ts';

const INTERVAL_MS = 1000;

export class Rounds {
  private readonly clock: Clock;
  private readonly round: () => boolean | Promise<boolean>;
  private cancel: (() => void) | null = null;
  /** Asked for while one was under way, which may not have seen why. */
  private wanted = false;
  private ended = false;

  /** @param round returns whether another is needed */
  constructor(clock: Clock, round: () => boolean | Promise<boolean>) {
    this.clock = clock;
    this.round = round;
  }

  /** From now on, until a round says that no other is needed. */
  watch(): void {
    this.wanted = true;
    if (this.cancel === null && !this.ended) this.cancel = this.clock.after(INTERVAL_MS, () => void this.go());
  }

  end(): void {
    this.ended = true;
    this.cancel?.();
  }

  private async go(): Promise<void> {
    this.wanted = false;
    const isNeeded = await this.round();
    this.cancel = null;
    if (isNeeded || this.wanted) this.watch();
  }
}
