/**
 * Measures the tenant directories of instances that have a storage limit: one at a time, while something runs there and
 * once after its end, and the more rarely the longer it takes. A directory that several services share is measured once.
 */
import type { Clock, StorageMeter } from '../core/ports.ts';
import { dueAtMs, firstLook, intervalMs, type Look, pauseMs } from '../core/storage.ts';
import type { Logger } from '../logger.ts';
import type { Runner } from './runner.ts';

const TICK_MS = 1000;

export interface StorageWatchOptions {
  readonly clock: Clock;
  readonly meter: StorageMeter;
  readonly logger: Logger;
  runners(): Iterable<Runner>;
}

interface Directory {
  readonly path: string;
  readonly runners: readonly Runner[];
}

interface LastLook extends Look {
  /** Nothing ran there when it was measured. */
  readonly settled: boolean;
}

export class StorageWatch {
  private readonly options: StorageWatchOptions;
  private looks = new Map<string, LastLook>();
  private cancel: (() => void) | null = null;
  private ended = false;

  constructor(options: StorageWatchOptions) {
    this.options = options;
  }

  /** Measures from now on, until nothing runs. */
  watch(delayMs = TICK_MS): void {
    if (this.cancel !== null || this.ended) return;
    this.cancel = this.options.clock.after(delayMs, () => void this.round());
  }

  end(): void {
    this.ended = true;
    this.cancel?.();
    this.options.meter.close();
  }

  private async round(): Promise<void> {
    const directories = this.directories();
    const unsettled = directories.filter((directory) => !this.isSettled(directory));
    const [next] = unsettled.sort((a, b) => this.dueAtMs(a) - this.dueAtMs(b));
    const isDue = next !== undefined && this.dueAtMs(next) <= this.options.clock.nowMs();
    const delayMs = isDue ? pauseMs(await this.measure(next)) : TICK_MS;
    this.cancel = null;
    if (next !== undefined) this.watch(delayMs);
  }

  /** Those of instances with a limit; what is known of others is forgotten. */
  private directories(): Directory[] {
    const byPath = new Map<string, Runner[]>();
    for (const runner of this.options.runners()) {
      if (runner.consumption.limits.storageLimitBytes === null) continue;
      const path = runner.paths.tenantDir;
      byPath.set(path, [...(byPath.get(path) ?? []), runner]);
    }
    const nowMs = this.options.clock.nowMs();
    const unknown = { ...firstLook(nowMs), settled: false };
    this.looks = new Map([...byPath.keys()].map((path) => [path, this.looks.get(path) ?? unknown]));
    return Array.from(byPath, ([path, runners]) => ({ path, runners }));
  }

  /** Nothing can have changed since it was last measured. */
  private isSettled({ path, runners }: Directory): boolean {
    const look = this.looks.get(path);
    if (look?.settled !== true) return false;
    return runners.every(({ hasProcess, record }) => !hasProcess && (record.lastExit?.atMs ?? 0) < look.atMs);
  }

  private dueAtMs({ path, runners }: Directory): number {
    const look = this.looks.get(path);
    if (look === undefined) return 0;
    const restarts = runners.filter((runner) => wasStarted(runner)).map(({ record }) => record.startedAtMs ?? 0);
    return dueAtMs(look, restarts.length === 0 ? null : Math.min(...restarts));
  }

  /** Returns how long it took, in ms. */
  private async measure({ path, runners }: Directory): Promise<number> {
    const { clock, meter, logger } = this.options;
    const atMs = clock.nowMs();
    const settled = runners.every(({ hasProcess }) => !hasProcess);
    const found = await meter.measure(path);
    const costMs = clock.nowMs() - atMs;
    if (this.ended) return costMs;
    this.looks.set(path, { atMs, intervalMs: intervalMs(costMs, found.ok), settled });
    if (found.ok) this.tell(path, { bytes: found.bytes, atMs });
    else logger.warn({ dir: path, reason: found.detail }, 'storage not measured');
    return costMs;
  }

  /** By now others may be there than when it began. */
  private tell(path: string, finding: { readonly bytes: number; readonly atMs: number }): void {
    for (const { path: other, runners } of this.directories()) {
      if (other === path) for (const runner of runners) runner.consumption.storageMeasured(finding);
    }
  }
}

/** It runs although the last measurement says that it should be stopped: somebody has started it since. */
function wasStarted({ record: { storage, startedAtMs }, service }: Runner): boolean {
  if (storage === null || startedAtMs === null) return false;
  return storage.over && service.storageAction === 'stop' && storage.measuredAtMs < startedAtMs;
}
