/** Waits until an instance that gets no further request has answered those that it has. */
import type { Clock } from '../core/ports.ts';
import { BUSY_MS, type ConnectionCounts, type DirectTraffic } from './direct-traffic.ts';
import type { InFlight } from './in-flight.ts';

const FIRST_LOOK_MS = 20;
const LOOKS_AT_MOST_EVERY_MS = 200;
/**
 * What the proxy did not forward is not seen to end. Connections over which nothing has happened for so long, by the
 * run time of the process, are taken for idle ones that a front server keeps. SIGTERM then lets the application
 * finish what it may have after all.
 */
const QUIET_MS = 3000;
const LONG_AGO_MS = Number.NEGATIVE_INFINITY;

export interface DrainOptions {
  readonly clock: Clock;
  readonly inFlight: InFlight;
  readonly traffic: DirectTraffic;
  counts(): ConnectionCounts;
  /** It ends at the latest after this. */
  readonly timeoutMs: number;
  /** `isQuiet`: nobody waits for anything, as far as can be seen. */
  onDone(isQuiet: boolean): void;
  /** Before that, when `timeoutMs` have passed. */
  onLate(): void;
}

export class Drain {
  private readonly options: DrainOptions;
  private readonly cancelTimeout: () => void;
  private cancelLook = () => {};
  private over = false;
  private seen: { readonly open: number; readonly ranMs: number; readonly sinceMs: number };

  constructor(options: DrainOptions) {
    this.options = options;
    const { atRest } = options.traffic;
    this.seen = atRest === null ? { open: -1, ranMs: 0, sinceMs: 0 } : { ...atRest, sinceMs: LONG_AGO_MS };
    this.cancelTimeout = options.clock.after(options.timeoutMs, () => {
      options.onLate();
      this.done(false);
    });
    options.inFlight.onDrained(() => {
      if (this.over) return;
      if (options.traffic.mayBeOpen()) this.lookIn(FIRST_LOOK_MS);
      else this.done(true);
    });
  }

  cancel(): void {
    this.over = true;
    this.cancelTimeout();
    this.cancelLook();
  }

  private lookIn(ms: number): void {
    this.cancelLook = this.options.clock.after(ms, () => this.look(ms));
  }

  private look(afterMs: number): void {
    const open = this.options.traffic.countNow(this.options.counts());
    if (open === 0 || this.isQuiet(open)) return this.done(true);
    this.lookIn(Math.min(afterMs * 2, LOOKS_AT_MOST_EVERY_MS));
  }

  private isQuiet(open: number): boolean {
    const { clock, traffic } = this.options;
    const { ranMs } = traffic;
    const nowMs = clock.nowMs();
    if (open === this.seen.open && ranMs - this.seen.ranMs <= BUSY_MS) return nowMs - this.seen.sinceMs >= QUIET_MS;
    this.seen = { open, ranMs, sinceMs: nowMs };
    return false;
  }

  private done(inTime: boolean): void {
    if (this.over) return;
    this.cancel();
    this.options.onDone(inTime && this.options.inFlight.streams === 0);
  }
}
