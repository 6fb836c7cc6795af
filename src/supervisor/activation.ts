/**
 * Opens the activation sockets of sleeping instances. Of thousands, the most recently used are opened at once, and the
 * others in slices between which everything else has its turn. On ext4, bind(2) searches past the entries that were
 * removed in the last minutes: ten thousand sockets take seconds, and the server is ready before.
 */
import type { InstanceName } from '../core/lifecycle/instance.ts';
import { attempt } from '../faults.ts';
import type { Logger } from '../logger.ts';

/** Time for sockets before the server reports ready: at least a hundred sockets. */
const FIRST_SLICE_MS = 30;
const SLICE_MS = 8;

export interface ActivationOptions {
  readonly logger: Logger;
  /** Opens a socket, if the instance still sleeps. */
  open(instance: InstanceName): void;
  /** Returns the time of a monotonic clock in ms. */
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
  /** Whether `waiting` is sorted, with the most recently used at its end. */
  private isSorted = true;
  private isUnderWay = false;
  private count = 0;
  private sinceMs = 0;
  private ended = false;

  constructor(options: ActivationOptions) {
    this.options = options;
  }

  /** @param usedAtMs when it was last used, ms since the epoch */
  add(instance: InstanceName, usedAtMs: number): void {
    this.waiting.push({ instance, usedAtMs });
    this.isSorted = false;
  }

  /** Opens the added sockets, as many as fit into one slice before it returns. */
  begin(): void {
    if (this.isUnderWay || this.waiting.length === 0) return;
    this.isUnderWay = true;
    this.count = 0;
    this.sinceMs = this.options.nowMs();
    this.slice(FIRST_SLICE_MS);
  }

  /** Opens no further sockets. */
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
