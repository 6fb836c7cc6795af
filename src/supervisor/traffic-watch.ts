/** Looks once a second for what goes straight to the sockets of instances, while one serves. */
import type { Clock, Launcher } from '../core/ports.ts';
import type { ConnectionCounts } from './direct-traffic.ts';
import type { Runner } from './runner.ts';

const INTERVAL_MS = 1000;
/** Looks within this share one reading of the system's table. */
const FRESH_MS = 10;

export interface TrafficWatchOptions {
  readonly clock: Clock;
  readonly launcher: Pick<Launcher, 'connections'>;
  runners(): Iterable<Runner>;
}

export class TrafficWatch {
  private readonly options: TrafficWatchOptions;
  private cancel: (() => void) | null = null;
  private ended = false;
  private read: { readonly atMs: number; readonly counts: ConnectionCounts } | null = null;

  constructor(options: TrafficWatchOptions) {
    this.options = options;
  }

  /** Looks from now on, until nothing runs. */
  watch(): void {
    if (this.cancel !== null || this.ended) return;
    this.cancel = this.options.clock.after(INTERVAL_MS, () => this.round());
  }

  end(): void {
    this.ended = true;
    this.cancel?.();
  }

  /** How many connections there are to each path that was bound. */
  counts(): ConnectionCounts {
    const nowMs = this.options.clock.nowMs();
    if (this.read === null || nowMs - this.read.atMs > FRESH_MS) {
      this.read = { atMs: nowMs, counts: this.options.launcher.connections() };
    }
    return this.read.counts;
  }

  private round(): void {
    this.cancel = null;
    let any = false;
    for (const runner of this.options.runners()) {
      any ||= runner.hasProcess;
      runner.lookAtTraffic();
    }
    this.read = null;
    if (any) this.watch();
  }
}
