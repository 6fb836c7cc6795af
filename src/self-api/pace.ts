/** Paces the requests of one instance on its own socket, so that a flood costs no more than its share. */
import type { Clock } from '../core/ports.ts';

/** Requests a second that an instance gets answered without delay, in the long run and at once. */
const RATE_PER_S = 50;
const BURST = 100;

export class Pace {
  /** How long a request is remembered. */
  static readonly MEMORY_MS = (BURST * 1000) / RATE_PER_S;

  private readonly clock: Clock;
  /** When all requests so far are paid for, ms since the epoch. */
  private paidAtMs = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Settles when the next request may be handled. */
  async turn(): Promise<void> {
    const nowMs = this.clock.nowMs();
    this.paidAtMs = Math.max(this.paidAtMs, nowMs - Pace.MEMORY_MS) + 1000 / RATE_PER_S;
    const waitMs = this.paidAtMs - nowMs;
    if (waitMs > 0) await new Promise<void>((resolve) => void this.clock.after(waitMs, resolve));
  }
}
