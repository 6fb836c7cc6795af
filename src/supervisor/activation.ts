/**
 * Opens the activation sockets of sleepers: of thousands, those that were used last at once, the others in slices between
 * which everything else has its turn. Where directories lie on ext4, a bind looks past what was removed in the last
 * minutes: ten thousand take seconds, and the server is ready before.
 */
import type { InstanceName } from '../core/lifecycle/instance.ts';
import { attempt } from '../faults.ts';
import type { Logger } from '../logger.ts';

/** For what is opened before the server says that it is ready: a hundred sockets at the least. */
const FIRST_SLICE_MS = 30;
const SLICE_MS = 8;

export interface ActivationOptions {
  readonly logger: Logger;
  /** Opens one, if it still sleeps. */
  open(instance: InstanceName): void;
  /** Of a monotonic clock. */
  nowMs(): number;
  /** Calls `run` when everything else that waits has had its turn. */
  later(run: () => void): void;
}

interface Sleeper {
  readonly instance: InstanceName;
  readonly usedAtMs: number;
}

export class Activation {
  private readonly options: ActivationOptions;
  private waiting: Sleeper[] = [];
  /** Whether `waiting` is in order, the last used at its end. */
  private isSorted = true;
  private isUnderWay = false;
  private count = 0;
  private sinceMs = 0;
  private ended = false;

  constructor(options: ActivationOptions) {
    this.options = options;
  }

  /** `usedAtMs`: when it was used last, ms since the epoch. */
  add(instance: InstanceName, usedAtMs: number): void {
    this.waiting.push({ instance, usedAtMs });
    this.isSorted = false;
  }

  /** Opens those that were added, as many as one slice holds before it returns. */
  begin(): void {
    if (this.isUnderWay || this.waiting.length === 0) return;
    this.isUnderWay = true;
    this.count = 0;
    this.sinceMs = this.options.nowMs();
    this.slice(FIRST_SLICE_MS);
  }

  /** Opens no more. */
  end(): void {
    this.ended = true;
    this.waiting = [];
  }

  private slice(sliceMs: number): void {
    if (this.ended) return;
    const { nowMs, later, logger, open } = this.options;
    if (!this.isSorted) this.waiting.sort((one, other) => one.usedAtMs - other.usedAtMs);
    this.isSorted = true;
    const untilMs = nowMs() + sliceMs;
    while (this.waiting.length > 0 && nowMs() < untilMs) {
      const { instance } = this.waiting.pop() as Sleeper;
      attempt(logger, { instance }, () => open(instance));
      this.count += 1;
    }
    if (this.waiting.length > 0) return later(() => this.slice(SLICE_MS));
    this.isUnderWay = false;
    const tookMs = Math.round(nowMs() - this.sinceMs);
    if (tookMs > FIRST_SLICE_MS)
      logger.info({ count: this.count, tookMs }, 'the sockets of all sleeping instances are open');
  }
}
