/** What is open on one instance, and when it was last used. */
import { PAUSE_MS } from '../../core/admission/eviction.ts';
import type { Activity } from '../../core/lifecycle/idle.ts';

export class InstanceActivity {
  requests = 0;
  streams = 0;
  /** Connections straight to its socket, of which the requests are not known. */
  direct = 0;
  /** All requests ever granted. */
  total: number;
  lastActivityAtMs: number;
  /** The first and the last request of those between which there was no long pause, ms since the epoch. */
  steadyFromMs: number;
  steadyToMs: number;
  /** When a whole answer was passed on last, ms since the epoch. */
  answeredAtMs = 0;
  /** Workers that have yet to say what they claimed. */
  private unconfirmed = 0;
  private whenDrained: (() => void) | null = null;

  constructor(total: number, lastActivityAtMs: number) {
    this.total = total;
    this.lastActivityAtMs = lastActivityAtMs;
    this.steadyFromMs = lastActivityAtMs;
    this.steadyToMs = lastActivityAtMs;
  }

  get activity(): Activity {
    return { open: this.requests + this.streams + this.direct, lastActivityAtMs: this.lastActivityAtMs };
  }

  begin(nowMs: number): void {
    this.came(nowMs);
    this.requests += 1;
    this.total += 1;
  }

  /** A request has come, whoever counts it. */
  came(nowMs: number): void {
    const isPause = this.activity.open === 0 && nowMs - this.lastActivityAtMs >= PAUSE_MS;
    if (isPause) this.steadyFromMs = nowMs;
    this.steadyToMs = nowMs;
    this.lastActivityAtMs = nowMs;
  }

  /** Its process is ready; nobody has used it yet. */
  began(nowMs: number): void {
    this.lastActivityAtMs = nowMs;
    this.steadyFromMs = nowMs;
    this.steadyToMs = nowMs;
  }

  /** Something happened that is not counted here. */
  seen(nowMs: number): void {
    this.lastActivityAtMs = nowMs;
  }

  answered(nowMs: number): void {
    this.answeredAtMs = nowMs;
  }

  /** What a worker counts has changed by so much. */
  shift(requests: number, streams: number, total: number): void {
    this.requests += requests;
    this.streams += streams;
    this.total += total;
    this.tellDrained();
  }

  /** Nothing has drained before what this returns is called. */
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

  /** Calls `run` once no request is in flight (streams do not count: they have no end of their own); at once if so now. */
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
