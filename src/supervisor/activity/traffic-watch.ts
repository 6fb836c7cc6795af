/** Looks for direct traffic to the sockets of instances once a second, while any instance serves. */
import type { Clock, ProcessTable } from '../../core/ports.ts';
import { attempt } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import type { Runner } from '../instance/runner.ts';
import { Ticker } from '../monitors/ticker.ts';
import type { ConnectionCounts } from './direct-traffic.ts';

/** Looks within this time share one reading of the system's table. */
const FRESH_MS = 10;

export interface TrafficWatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly processTable: Pick<ProcessTable, 'connections'>;
  runners(): Iterable<Runner>;
}

export class TrafficWatch {
  private readonly options: TrafficWatchOptions;
  private readonly ticker: Ticker;
  private read: { readonly atMs: number; readonly counts: ConnectionCounts } | null = null;

  constructor(options: TrafficWatchOptions) {
    this.options = options;
    this.ticker = new Ticker(options, () => this.round());
  }

  /** Looks from now on, until no instance runs. */
  watch(): void {
    this.ticker.watch();
  }

  end(): void {
    this.ticker.end();
  }

  /** Counts the connections to each bound path. */
  counts(): ConnectionCounts {
    const nowMs = this.options.clock.nowMs();
    if (this.read === null || nowMs - this.read.atMs > FRESH_MS) {
      this.read = { atMs: nowMs, counts: this.options.processTable.connections() };
    }
    return this.read.counts;
  }

  /** Returns whether any instance runs. */
  private round(): boolean {
    let any = false;
    for (const runner of this.options.runners()) {
      any ||= runner.hasProcess;
      attempt(this.options.logger, { instance: runner.name }, () => runner.lookAtTraffic());
    }
    this.read = null;
    return any;
  }
}
