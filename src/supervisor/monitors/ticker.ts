/** Repeats a task while it is needed: once in each interval, never two at once. */
import type { Clock } from '../../core/ports.ts';
import { fault } from '../../faults.ts';
import type { Logger } from '../../logger.ts';

const INTERVAL_MS = 1000;

export class Ticker {
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly round: () => boolean | Promise<boolean>;
  private cancel: (() => void) | null = null;
  /** Set by a call during a round, which may not have seen the reason for the call. */
  private wanted = false;
  private ended = false;

  /** @param round returns whether another round is needed */
  constructor({ clock, logger }: { clock: Clock; logger: Logger }, round: () => boolean | Promise<boolean>) {
    this.clock = clock;
    this.logger = logger;
    this.round = round;
  }

  /** Repeats rounds until one reports that no other is needed. */
  watch(): void {
    this.wanted = true;
    if (this.cancel === null && !this.ended) this.cancel = this.clock.after(INTERVAL_MS, () => void this.go());
  }

  end(): void {
    this.ended = true;
    this.cancel?.();
  }

  /** Repeats a round that failed, because others depend on the next one. */
  private async tried(): Promise<boolean> {
    try {
      return await this.round();
    } catch (error) {
      fault(this.logger, error);
      return true;
    }
  }

  private async go(): Promise<void> {
    this.wanted = false;
    const isNeeded = await this.tried();
    this.cancel = null;
    if (isNeeded || this.wanted) this.watch();
  }
}
