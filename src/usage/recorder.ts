/**
 * Records what tenants use: once a second, while anything is used, in one transaction. A server that is killed loses
 * what it has not written yet, and the next one continues from the marks that were written with the rest, so that
 * nothing counts twice.
 */
import type { InstanceName, ProcessIdentity } from '../core/lifecycle/instance.ts';
import type { Clock } from '../core/ports.ts';
import type { ProcessMark, UsageChange, UsageStore } from '../core/stores/usage-store.ts';
import { hourShares } from '../core/usage/hours.ts';
import { UsageLedger } from '../core/usage/ledger.ts';
import { METERS, type Meter, type MeterValues } from '../core/usage/meters.ts';
import { addTo, newTally, type Tally } from '../core/usage/tally.ts';
import type { InstanceUsage, UsageRecorder } from '../core/usage/usage-recorder.ts';
import { attempt } from '../faults.ts';
import type { Logger } from '../logger.ts';
import { InstanceUse } from './instance-use.ts';
import type { Uptime } from './uptime.ts';

/** How often each instance is collected. */
const FLUSH_MS = 1000;
const RETRY_MS = 50;
/** How many instances are collected and written in one turn of the event loop: about 2 ms. */
const MAX_AT_ONCE = 200;

export interface RecorderOptions {
  readonly store: UsageStore;
  readonly clock: Clock;
  readonly uptime: Uptime;
  readonly logger: Logger;
}

interface Addition {
  readonly tenantId: string;
  readonly hour: number;
  readonly values: MeterValues;
}

export class Recorder implements UsageRecorder {
  private readonly options: RecorderOptions;
  private readonly ledger: UsageLedger;
  private readonly active = new Set<InstanceUse>();
  /** Those of `active` whose turn comes within the current second. */
  private turn: InstanceUse[] = [];
  /** Those whose marks must be written with what was collected of them. */
  private readonly collected = new Set<InstanceUse>();
  /** Marks of an earlier server. */
  private readonly marks: Map<InstanceName, ProcessMark>;
  /** Instances whose marks are to be removed. */
  private readonly ended = new Set<InstanceName>();
  private readonly unmarked = new Set<InstanceUse>();
  /** What could not be added yet, by tenant and hour. */
  private readonly waiting = new Map<string, Addition & { readonly values: Tally }>();
  /** Tenant → what it has used since the server has started. */
  readonly sinceStart = new Map<string, Tally>();
  private cancel: (() => void) | null = null;
  private hasFailed = false;
  private isFlushedSoon = false;
  private isClosed = false;

  /** @throws {TenementError} `state_failed` */
  constructor(options: RecorderOptions) {
    this.options = options;
    this.ledger = new UsageLedger(options.store);
    this.marks = new Map(options.store.marks().map((mark) => [mark.instance, mark]));
    for (const { instance, bootId } of this.marks.values())
      if (bootId !== options.uptime.bootId) this.ended.add(instance);
  }

  of(instance: InstanceName, tenantId: string): InstanceUsage {
    const { uptime } = this.options;
    return new InstanceUse(instance, tenantId, {
      uptimeMs: () => uptime.nowMs(),
      bootId: uptime.bootId,
      takeMark: (...asked) => this.takeMark(...asked),
      onUsed: (use) => this.used(use),
      onLaunched: (use) => this.markSoon(use),
      onAdopted: () => this.flushSoon(),
      add: (...used) => this.add(...used),
    });
  }

  stored(tenantId: string, bytes: number): void {
    this.add(tenantId, 0, { storageBytes: bytes });
    this.schedule();
  }

  total(tenantId: string, meter: Meter, fromMs: number): number {
    return this.ledger.total(tenantId, meter, fromMs);
  }

  onGrowth(listener: (tenantId: string) => void): void {
    this.ledger.onGrowth(listener);
  }

  /** Writes everything, as soon as another process has released its lock; nothing is recorded any more. */
  async close(timeoutMs: number): Promise<void> {
    let isLate = false;
    const cancelTimeout = this.options.clock.after(timeoutMs, () => {
      isLate = true;
    });
    for (this.flush(); this.hasFailed && !isLate; this.flush()) {
      await new Promise<void>((resolve) => this.options.clock.after(RETRY_MS, resolve));
    }
    cancelTimeout();
    this.isClosed = true;
    this.cancel?.();
  }

  /** Collects what was used, and writes it. What cannot be written waits for the next time. */
  flush(): void {
    this.flushOf([...this.active]);
  }

  /** The same for those whose turn it is, so that many instances do not hold the event loop at once. */
  private flushNext(): void {
    if (this.turn.length === 0) this.turn = [...this.active];
    this.flushOf(this.turn.splice(0, MAX_AT_ONCE));
  }

  private flushOf(uses: readonly InstanceUse[]): void {
    const { logger, clock } = this.options;
    this.cancel?.();
    this.cancel = null;
    this.addWaiting();
    for (const use of uses) this.collect(use);
    const rows = this.ledger.takeChanged();
    const marks = [...this.collected].flatMap(({ mark }) => mark ?? []);
    const ended = [...this.ended];
    if (this.write({ rows, marks, ended })) {
      this.collected.clear();
      for (const instance of ended) this.ended.delete(instance);
    } else this.ledger.giveBack(rows);
    attempt(logger, {}, () => this.ledger.tellGrowth(rows));
    this.ledger.sweep(clock.nowMs());
    if (this.active.size + this.ended.size > 0 || this.hasFailed) this.schedule();
  }

  /** Returns whether it succeeded. */
  private write(change: UsageChange): boolean {
    if (change.rows.length + change.marks.length + change.ended.length === 0) return true;
    try {
      this.options.store.write(change);
      if (this.waiting.size === 0) this.say(null);
      return true;
    } catch (error) {
      this.say(error);
      return false;
    }
  }

  private collect(use: InstanceUse): void {
    const { logger } = this.options;
    this.collected.add(use);
    const mayFollow = attempt(logger, { instance: use.instance }, () => use.collect());
    if (use.hasEnded) this.ended.add(use.instance);
    use.hasEnded = false;
    if (mayFollow === false) this.active.delete(use);
  }

  private used(use: InstanceUse): void {
    this.active.add(use);
    if (!use.hasEnded) this.ended.delete(use.instance);
    this.schedule();
  }

  /** Adds what was used; what cannot be added, because the hour cannot be read, waits for the next flush. */
  private add(tenantId: string, durationMs: number, values: MeterValues): void {
    for (const { hour, share } of hourShares(this.options.clock.nowMs(), durationMs)) {
      this.addTo({ tenantId, hour, values: share === 1 ? values : shareOf(values, share) });
    }
  }

  private addTo(used: Addition): void {
    try {
      this.ledger.add(used.tenantId, used.hour, used.values);
      this.noteSinceStart(used);
    } catch (error) {
      this.keep(used);
      this.say(error);
    }
  }

  private keep({ tenantId, hour, values }: Addition): void {
    const key = `${tenantId}:${hour}`;
    const kept = this.waiting.get(key) ?? { tenantId, hour, values: newTally() };
    addTo(kept.values, values);
    this.waiting.set(key, kept);
  }

  private addWaiting(): void {
    const kept = [...this.waiting.values()];
    this.waiting.clear();
    for (const used of kept) this.addTo(used);
  }

  /** Writes what was used while no server ran: the process may be lost with a kill of this one. */
  private flushSoon(): void {
    if (this.isFlushedSoon) return;
    this.isFlushedSoon = true;
    this.options.clock.after(0, () => {
      this.isFlushedSoon = false;
      if (!this.isClosed) this.flush();
    });
  }

  /** Marks a new process before the next flush, so that a later server knows that its use was counted from the start. */
  private markSoon(use: InstanceUse): void {
    this.unmarked.add(use);
    if (this.unmarked.size > 1) return;
    this.options.clock.after(0, () => {
      const marks = [...this.unmarked].flatMap(({ mark }) => mark ?? []);
      this.unmarked.clear();
      if (!this.isClosed) this.write({ rows: [], marks, ended: [] });
    });
  }

  private noteSinceStart({ tenantId, values }: Addition): void {
    const tally = this.sinceStart.get(tenantId) ?? newTally();
    addTo(tally, values);
    this.sinceStart.set(tenantId, tally);
  }

  private takeMark(instance: InstanceName, { pid, startTicks }: ProcessIdentity): ProcessMark | null {
    const mark = this.marks.get(instance);
    this.marks.delete(instance);
    const isSame = mark?.pid === pid && mark.startTicks === startTicks && mark.bootId === this.options.uptime.bootId;
    return isSame ? mark : null;
  }

  private schedule(): void {
    if (this.isClosed) return;
    const turns = Math.max(1, Math.ceil(this.active.size / MAX_AT_ONCE));
    this.cancel ??= this.options.clock.after(FLUSH_MS / turns, () => this.flushNext());
  }

  /** @param error why the last write failed; null: it succeeded */
  private say(error: unknown): void {
    const { logger } = this.options;
    if (error === null && this.hasFailed) logger.info({}, 'usage can be written again');
    else if (error !== null && !this.hasFailed) {
      logger.error({ err: error }, 'usage cannot be written; kept in memory, will be tried again');
    }
    this.hasFailed = error !== null;
  }
}

function shareOf(values: MeterValues, share: number): MeterValues {
  const entries = Object.entries(values) as [Meter, number][];
  return Object.fromEntries(entries.map(([meter, value]) => [meter, METERS[meter] === 'sum' ? value * share : value]));
}
