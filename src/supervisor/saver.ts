/**
 * Writes records into the registry. One that cannot be written (a full disk) stops nobody: it is kept, said
 * once, and written again each second. What is only counted is written together, at most once a second.
 */
import type { InstanceRecord } from '../core/instance.ts';
import type { Clock, Registry } from '../core/ports.ts';
import type { Logger } from '../logger.ts';

const FLUSH_MS = 1000;

/** Who has a record to be written. */
export interface Recorded {
  readonly record: InstanceRecord;
}

export interface SaverOptions {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly logger: Logger;
}

export class Saver {
  private readonly options: SaverOptions;
  private readonly pending = new Set<Recorded>();
  private readonly unsaved = new Set<Recorded>();
  private timer: (() => void) | null = null;

  constructor(options: SaverOptions) {
    this.options = options;
  }

  /** Writes now. `durable`: on disk when it returns. */
  save(recorded: Recorded, durable: boolean): void {
    this.write([recorded], () => this.options.registry.save(recorded.record, durable));
  }

  /** Writes within a second. */
  later(recorded: Recorded): void {
    this.pending.add(recorded);
    this.timer ??= this.options.clock.after(FLUSH_MS, () => this.flush());
  }

  /** Whether its last write failed and was not made up for yet. */
  isUnsaved(recorded: Recorded): boolean {
    return this.unsaved.has(recorded);
  }

  /** It is unregistered. */
  forget(recorded: Recorded): void {
    this.pending.delete(recorded);
    this.unsaved.delete(recorded);
  }

  /** Writes what waits. */
  flush(): void {
    this.timer?.();
    this.timer = null;
    const all = [...this.pending];
    if (all.length === 0) return;
    this.write(all, () => this.options.registry.saveAll(all.map(({ record }) => record)));
  }

  private write(those: readonly Recorded[], run: () => void): void {
    try {
      run();
      this.succeeded(those);
    } catch (error) {
      this.failed(those, error);
    }
  }

  private succeeded(those: readonly Recorded[]): void {
    const failing = this.unsaved.size > 0;
    for (const recorded of those) this.forget(recorded);
    if (failing && this.unsaved.size === 0) this.options.logger.info({}, 'state is written again');
  }

  private failed(those: readonly Recorded[], error: unknown): void {
    const { logger } = this.options;
    if (this.unsaved.size === 0) logger.error({ err: error }, 'state cannot be written; it is tried every second');
    for (const recorded of those) {
      this.unsaved.add(recorded);
      this.later(recorded);
    }
  }
}
