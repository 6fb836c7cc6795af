/**
 * Measures tenant directories: one at a time, while an instance runs there and once after its end, and less often the
 * longer it takes or when no instance has a storage limit. A directory that several services share is measured once.
 */

import {
  dueAtMs,
  firstMeasurement,
  intervalMs,
  type MeasurementTime,
  pauseMs,
  type StorageFinding,
} from '../../core/limits/storage.ts';
import type { Clock, StorageMeasurement, StorageMeter } from '../../core/ports.ts';
import { fault } from '../../faults.ts';
import type { Logger } from '../../logger.ts';
import type { Runner } from '../instance/runner.ts';

const TICK_MS = 1000;
/** Least time between measurements of a directory without a limit. */
const UNLIMITED_INTERVAL_MS = 600_000;

export interface StorageWatchOptions {
  readonly clock: Clock;
  readonly meter: StorageMeter;
  readonly logger: Logger;
  runners(): Iterable<Runner>;
  /** Called for each measurement of a tenant's directory. */
  onStored(tenantId: string, bytes: number): void;
}

/** A tenant's directory, with the tenant's instances. */
interface Directory {
  readonly tenantId: string;
  readonly runners: readonly [Runner, ...Runner[]];
  readonly dueAtMs: number;
}

interface Measurement {
  readonly atMs: number;
  readonly costMs: number;
  readonly found: StorageMeasurement;
}

export class StorageWatch {
  private readonly options: StorageWatchOptions;
  /** Tenants whose directories may have changed since they were measured. */
  private readonly unsettled = new Set<string>();
  /** Tenant → its last measurement. */
  private readonly looks = new Map<string, MeasurementTime>();
  private cancel: (() => void) | null = null;
  private ended = false;

  constructor(options: StorageWatchOptions) {
    this.options = options;
  }

  /** Measures a tenant's directory from now on, until nothing runs there. */
  started(tenantId: string): void {
    this.unsettled.add(tenantId);
    this.schedule(TICK_MS);
  }

  /** Checks all running instances, because limits have changed. */
  renew(): void {
    for (const { hasProcess, tenantId } of this.options.runners()) if (hasProcess) this.started(tenantId);
  }

  /** Forgets a tenant's measurement, because the directory may be gone, or may belong to another tenant. */
  forget(tenantId: string): void {
    this.looks.delete(tenantId);
  }

  end(): void {
    this.ended = true;
    this.cancel?.();
    this.options.meter.close();
  }

  private schedule(delayMs: number): void {
    if (this.cancel !== null || this.ended) return;
    this.cancel = this.options.clock.after(delayMs, () => void this.round());
  }

  private async round(): Promise<void> {
    let delayMs = TICK_MS;
    try {
      const [next] = this.directories().sort((a, b) => a.dueAtMs - b.dueAtMs);
      const isDue = next !== undefined && next.dueAtMs <= this.options.clock.nowMs();
      if (isDue) delayMs = pauseMs(await this.measure(next));
    } catch (error) {
      fault(this.options.logger, error);
    }
    this.cancel = null;
    if (this.unsettled.size > 0) this.schedule(delayMs);
  }

  /** Lists directories to measure. */
  private directories(): Directory[] {
    const all = new Map<string, [Runner, ...Runner[]]>();
    for (const runner of this.options.runners()) {
      const { tenantId } = runner;
      if (!this.unsettled.has(tenantId)) continue;
      const others = all.get(tenantId);
      if (others === undefined) all.set(tenantId, [runner]);
      else others.push(runner);
    }
    for (const tenantId of this.unsettled) if (!all.has(tenantId)) this.unsettled.delete(tenantId);
    return Array.from(all, ([tenantId, runners]) => ({ tenantId, runners, dueAtMs: this.dueAtMs(tenantId, runners) }));
  }

  /** A directory without a limit is measured for the tenant's usage only, and less often. */
  private dueAtMs(tenantId: string, runners: readonly Runner[]): number {
    const look = this.lookAt(tenantId);
    if (runners.some(({ service }) => service.storageLimitBytes !== null)) return dueAtMs(look, restartedAtMs(runners));
    return look.atMs + Math.max(look.intervalMs, UNLIMITED_INTERVAL_MS);
  }

  private lookAt(tenantId: string): MeasurementTime {
    const look = this.looks.get(tenantId) ?? firstMeasurement(this.options.clock.nowMs());
    this.looks.set(tenantId, look);
    return look;
  }

  /** Measures a directory. Returns how long that took, in ms. */
  private async measure({ tenantId, runners }: Directory): Promise<number> {
    const { clock, meter } = this.options;
    const atMs = clock.nowMs();
    const before = this.looks.get(tenantId);
    const dir = runners[0].paths.tenantDir;
    // An instance that starts meanwhile marks the directory as unsettled again.
    if (runners.every(({ hasProcess }) => !hasProcess)) this.unsettled.delete(tenantId);
    const found = await meter.measure(dir);
    const costMs = clock.nowMs() - atMs;
    if (this.ended) return costMs;
    // The measured directory may have belonged to a tenant that is gone.
    if (this.looks.get(tenantId) !== before) this.unsettled.add(tenantId);
    else this.note(tenantId, dir, { atMs, costMs, found });
    return costMs;
  }

  private note(tenantId: string, dir: string, { atMs, costMs, found }: Measurement): void {
    this.looks.set(tenantId, { atMs, intervalMs: intervalMs(costMs, found.ok) });
    if (found.ok) {
      this.options.onStored(tenantId, found.bytes);
      this.tell(tenantId, { bytes: found.bytes, atMs });
    } else this.options.logger.warn({ dir, reason: found.detail }, 'storage not measured');
  }

  /** Tells the instances that run now, which may differ from those at the beginning. */
  private tell(tenantId: string, finding: StorageFinding): void {
    for (const runner of this.options.runners()) {
      if (runner.tenantId === tenantId && runner.service.storageLimitBytes !== null)
        runner.consumption.storageMeasured(finding);
    }
  }
}

/** Returns the earliest start of an instance that the last measurement would have stopped; null: none. */
function restartedAtMs(runners: readonly Runner[]): number | null {
  const times = runners.flatMap(({ service, record: { storage, startedAtMs } }) => {
    const isRestarted = storage?.over === true && service.storageAction === 'stop';
    return isRestarted && startedAtMs !== null && storage.measuredAtMs < startedAtMs ? [startedAtMs] : [];
  });
  return times.length === 0 ? null : Math.min(...times);
}
