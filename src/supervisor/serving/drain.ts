/** Waits until an instance that gets no further request has answered its open ones. */
import type { DirectPatience } from '../../core/admission/direct-patience.ts';
import type { Clock } from '../../core/ports.ts';
import { BUSY_MS, type ConnectionCounts, type DirectTraffic } from '../activity/direct-traffic.ts';
import type { InstanceActivity } from './instance-activity.ts';

const FIRST_LOOK_MS = 20;
const LOOKS_AT_MOST_EVERY_MS = 200;
/** A process that does not run for this time works on no request, or waits for something else. */
const GAP_MS = 10;
/** Stands for an unknown number of open connections. */
const UNSEEN = -1;
const LONG_AGO_MS = Number.NEGATIVE_INFINITY;

export interface DrainOptions {
  readonly clock: Clock;
  readonly inFlight: InstanceActivity;
  readonly traffic: DirectTraffic;
  counts(): ConnectionCounts;
  /** Limit for the drain. */
  readonly timeoutMs: number;
  /** Read each time, because what follows the drain may change. */
  patience(): DirectPatience;
  /** `isQuiet`: nobody waits for anything, as far as can be seen. */
  onDone(isQuiet: boolean): void;
  /** Called before `onDone` when the limit was reached; `afterMs` since the start. */
  onLate(afterMs: number): void;
}

export class Drain {
  private readonly options: DrainOptions;
  private cancelTimeout: () => void;
  private cancelLook = () => {};
  private over = false;
  private readonly begunAtMs: number;
  private directSinceMs = 0;
  /** Since the first look. */
  private hasMoved = false;
  private seen: { readonly open: number; readonly ranMs: number; readonly sinceMs: number };

  constructor(options: DrainOptions) {
    this.options = options;
    const { atRest } = options.traffic;
    this.seen = atRest === null ? { open: UNSEEN, ranMs: 0, sinceMs: 0 } : { ...atRest, sinceMs: LONG_AGO_MS };
    this.begunAtMs = options.clock.nowMs();
    this.cancelTimeout = options.clock.after(options.timeoutMs, () => this.late());
    options.inFlight.onDrained(() => this.drained());
  }

  /** Replaces the time-out, counted from now on. */
  limit(timeoutMs: number): void {
    if (this.over) return;
    this.cancelTimeout();
    this.cancelTimeout = this.options.clock.after(timeoutMs, () => this.late());
  }

  cancel(): void {
    this.over = true;
    this.cancelTimeout();
    this.cancelLook();
  }

  /** Continues when all forwarded requests have ended. The end of direct ones cannot be seen. */
  private drained(): void {
    const { traffic, clock } = this.options;
    if (this.over) return;
    if (!traffic.mayBeOpen()) return this.done(true);
    this.directSinceMs = clock.nowMs();
    this.lookIn(FIRST_LOOK_MS);
  }

  private lookIn(ms: number): void {
    this.cancelLook = this.options.clock.after(ms, () => this.look(ms));
  }

  private look(afterMs: number): void {
    const { clock, traffic, counts, patience } = this.options;
    const open = traffic.countNow(counts());
    if (open === 0 || this.isQuiet(open)) return this.done(true);
    const waitedMs = clock.nowMs() - this.directSinceMs;
    if (waitedMs >= patience().atMostMs && this.hasMoved) return this.late();
    if (waitedMs >= patience().gapAfterMs && this.hasMoved) return this.awaitGap();
    this.lookIn(Math.min(afterMs * 2, LOOKS_AT_MOST_EVERY_MS));
  }

  /** Ends between two requests, so that few are interrupted when clients send one after another without end. */
  private awaitGap(): void {
    const { clock, traffic, patience } = this.options;
    const { ranMs } = traffic;
    if (clock.nowMs() - this.directSinceMs >= patience().atMostMs) return this.late();
    this.cancelLook = clock.after(GAP_MS, () => {
      if (traffic.ranMs - ranMs <= BUSY_MS) this.done(false);
      else this.awaitGap();
    });
  }

  private isQuiet(open: number): boolean {
    const { clock, traffic, patience } = this.options;
    const { ranMs } = traffic;
    const nowMs = clock.nowMs();
    if (open === this.seen.open && ranMs - this.seen.ranMs <= BUSY_MS)
      return nowMs - this.seen.sinceMs >= patience().quietMs;
    this.hasMoved ||= this.seen.open !== UNSEEN;
    this.seen = { open, ranMs, sinceMs: nowMs };
    return false;
  }

  private late(): void {
    if (this.over) return;
    this.options.onLate(this.options.clock.nowMs() - this.begunAtMs);
    this.done(false);
  }

  private done(inTime: boolean): void {
    if (this.over) return;
    this.cancel();
    this.options.onDone(inTime && this.options.inFlight.streams === 0);
  }
}
