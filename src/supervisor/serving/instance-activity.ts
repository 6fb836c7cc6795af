/** Open requests and connections of one instance, and its last use. */
import { PAUSE_MS } from '../../core/admission/eviction.ts';
import type { Activity } from '../../core/lifecycle/idle.ts';

export class InstanceActivity {
  requests = 0;
  streams = 0;
  /** Direct connections to its socket, whose requests are not known. */
  direct = 0;
  /** All requests ever granted. */
  total: number;
  lastActivityAtMs: number;
  /** First and last request of a series without a long pause, ms since the epoch. */
  steadyFromMs: number;
  steadyToMs: number;
  /** Until when the application asked to stay awake, ms since the epoch; 0: it did not. */
  busyUntilMs = 0;
  /** When a complete response was last passed on, ms since the epoch. */
  answeredAtMs = 0;
  /** How many workers have not yet reported their last claims. */
  private unconfirmed = 0;
  private whenDrained: (() => void) | null = null;

  constructor(total: number, lastActivityAtMs: number) {
    this.total = total;
    this.lastActivityAtMs = lastActivityAtMs;
    this.steadyFromMs = lastActivityAtMs;
    this.steadyToMs = lastActivityAtMs;
  }

  get activity(): Activity {
    const { lastActivityAtMs, busyUntilMs } = this;
    return { open: this.requests + this.streams + this.direct, lastActivityAtMs, busyUntilMs };
  }

  begin(nowMs: number): void {
    this.came(nowMs);
    this.requests += 1;
    this.total += 1;
  }

  /** Notes a request, whoever counts it. */
  came(nowMs: number): void {
    const isPause = this.activity.open === 0 && nowMs - this.lastActivityAtMs >= PAUSE_MS;
    if (isPause) this.steadyFromMs = nowMs;
    this.steadyToMs = nowMs;
    this.lastActivityAtMs = nowMs;
  }

  /** Notes that its process is ready, and still unused. */
  began(nowMs: number): void {
    this.busyUntilMs = 0;
    this.lastActivityAtMs = nowMs;
    this.steadyFromMs = nowMs;
    this.steadyToMs = nowMs;
  }

  /** Notes activity that is not counted here. */
  seen(nowMs: number): void {
    this.lastActivityAtMs = nowMs;
  }

  answered(nowMs: number): void {
    this.answeredAtMs = nowMs;
  }

  /** Applies the change of a worker's counts. */
  shift(requests: number, streams: number, total: number): void {
    this.requests += requests;
    this.streams += streams;
    this.total += total;
    this.tellDrained();
  }

  /** Delays the end of a drain until the returned function is called. */
  awaitWord(): () => void {
    this.unconfirmed += 1;
    return () => {
      this.unconfirmed -= 1;
      this.tellDrained();
    };
  }

  requestBecomesStream(): void {
    this.requests -= 1;
    this.streams += 1;
    this.tellDrained();
  }

  end(kind: 'request' | 'stream', nowMs: number): void {
    if (kind === 'request') this.requests -= 1;
    else this.streams -= 1;
    this.lastActivityAtMs = nowMs;
    this.tellDrained();
  }

  /**
   * Calls `run` once no request is in flight, possibly at once. Streams do not count, because they have no end of their
   * own.
   */
  onDrained(run: () => void): void {
    this.whenDrained = run;
    this.tellDrained();
  }

  private tellDrained(): void {
    if (this.requests + this.unconfirmed > 0) return;
    const run = this.whenDrained;
    this.whenDrained = null;
    run?.();
  }
}
