/**
 * Writes records into the registry. A failed write blocks nobody: it is kept, logged once, and repeated each second (a
 * full disk), or as soon as another process has released the registry's lock. A change that requests wait for is
 * written at the end of the turn, after they have continued; if the server is killed before, the next one finds its
 * processes all the same. Mere counts are written together, at most once a second.
 */
import type { InstanceName, InstanceRecord } from '../core/lifecycle/instance.ts';
import type { Clock } from '../core/ports.ts';
import type { Registry } from '../core/stores/registry.ts';
import { isLockedOut } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { Conditions } from './monitors/conditions.ts';

const FLUSH_MS = 1000;
const RETRY_LOCKED_MS = 50;
/** A lock that is held more briefly than this is not worth a warning. */
const SAY_AFTER_MS = 1000;

/** The owner of a record. */
export interface Recorded {
  readonly name: InstanceName;
  readonly record: InstanceRecord;
}

export interface SaverOptions {
  /** Called with each instance whose record has changed, when it is written or a write was tried. */
  onChanged(instance: InstanceName): void;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly logger: Logger;
}

export class WriteBehind {
  private readonly options: SaverOptions;
  private readonly pending = new Set<Recorded>();
  private readonly unsaved = new Set<Recorded>();
  private readonly conditions = new Conditions();
  /** Why some records are not saved; null without a failure. */
  private failure: { readonly error: unknown; readonly sinceMs: number } | null = null;
  private told = false;
  private timer: (() => void) | null = null;
  private isDueThisTurn = false;

  constructor(options: SaverOptions) {
    this.options = options;
  }

  /** Writes at once. @param durable whether the record is on disk on return */
  save(recorded: Recorded, durable: boolean): void {
    this.write([recorded], () => this.options.registry.save(recorded.record, durable));
  }

  /** Writes when everything else in this turn of the event loop is done. */
  soon(recorded: Recorded): void {
    this.pending.add(recorded);
    if (this.isDueThisTurn) return;
    this.isDueThisTurn = true;
    setImmediate(() => {
      this.isDueThisTurn = false;
      this.flush();
    });
  }

  /** Writes within a second. */
  later(recorded: Recorded): void {
    this.pending.add(recorded);
    this.timer ??= this.options.clock.after(FLUSH_MS, () => this.flush());
  }

  /** Whether its last write failed, and was not repeated successfully. */
  isUnsaved(recorded: Recorded): boolean {
    return this.unsaved.has(recorded);
  }

  /** The error of the last failed write that was not repeated successfully; null: none. */
  get lastError(): unknown {
    return this.failure?.error ?? null;
  }

  /**
   * Settles when the record (default: every record) is saved, when a failure other than a lock stops that, or after
   * `timeoutMs`.
   */
  async settled(timeoutMs: number, recorded?: Recorded): Promise<void> {
    let over = false;
    const cancel = this.options.clock.after(timeoutMs, () => {
      over = true;
      this.conditions.tell();
    });
    const isSaved = () => (recorded === undefined ? this.unsaved.size === 0 : !this.unsaved.has(recorded));
    await this.conditions.until(() => over || isSaved() || !isLockedOut(this.lastError));
    cancel();
  }

  /** Forgets the record of an instance that is unregistered. */
  forget(recorded: Recorded): void {
    this.pending.delete(recorded);
    this.unsaved.delete(recorded);
    if (this.unsaved.size === 0) this.recovered();
  }

  /** Writes everything that waits. */
  flush(): void {
    this.timer?.();
    this.timer = null;
    const all = [...this.pending];
    const [only] = all;
    if (only === undefined) return;
    if (all.length === 1) return this.save(only, false);
    this.write(all, () => this.options.registry.saveAll(all.map(({ record }) => record)));
  }

  private write(those: readonly Recorded[], run: () => void): void {
    try {
      run();
      this.succeeded(those);
    } catch (error) {
      this.failed(those, error);
    }
    for (const { name } of those) this.options.onChanged(name);
  }

  private succeeded(those: readonly Recorded[]): void {
    for (const recorded of those) this.forget(recorded);
    this.conditions.tell();
  }

  private recovered(): void {
    if (this.told) this.options.logger.info({}, 'state can be written again');
    this.told = false;
    this.failure = null;
  }

  private failed(those: readonly Recorded[], error: unknown): void {
    const isLock = isLockedOut(error);
    this.failure = { error, sinceMs: this.failure?.sinceMs ?? this.options.clock.nowMs() };
    this.say(error, this.failure.sinceMs + (isLock ? SAY_AFTER_MS : 0));
    for (const recorded of those) {
      this.unsaved.add(recorded);
      this.pending.add(recorded);
    }
    this.timer?.();
    this.timer = this.options.clock.after(isLock ? RETRY_LOCKED_MS : FLUSH_MS, () => this.flush());
    this.conditions.tell();
  }

  private say(error: unknown, atMs: number): void {
    const { logger, clock } = this.options;
    if (this.told || clock.nowMs() < atMs) return;
    this.told = true;
    logger.error({ err: error }, 'state cannot be written; kept in memory, will be tried again');
  }
}
