/** What an instance takes of the machine, and what comes of taking more than it may. */
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { Lifecycle, LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import { effectiveLimits, type Limits } from '../../core/limits/limits.ts';
import { overStorage, type StorageFinding } from '../../core/limits/storage.ts';
import type { Usage } from '../../core/ports.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import type { Logger } from '../../logger.ts';
import type { CurrentProcess } from '../attempt/current-process.ts';
import type { RecordKeeper } from '../instance/record-keeper.ts';

export interface ConsumptionOptions {
  readonly name: InstanceName;
  readonly logger: Logger;
  readonly current: CurrentProcess;
  readonly records: RecordKeeper;
  service(): ServiceConfig;
  lifecycle(): Lifecycle;
  dispatch(event: LifecycleEvent): void;
}

const OUT_OF_MEMORY = 'the kernel ended one of its processes: memory_limit_mb was reached';

export class Consumption {
  private readonly options: ConsumptionOptions;

  constructor(options: ConsumptionOptions) {
    this.options = options;
  }

  /** The service's, with its own over them. */
  get limits(): Limits {
    return effectiveLimits(this.options.service(), this.options.records.record.limits);
  }

  /** Reads what the kernel counts of its process; false when it counts nothing. A kill for memory ends all of it. */
  readUsage(): boolean {
    const { current } = this.options;
    const usage = current.launched?.usage() ?? null;
    if (usage === null) return false;
    current.usage = usage;
    if (usage.oomKills > 0) current.condemn('oom', OUT_OF_MEMORY, { type: 'over-memory' });
    return true;
  }

  /** Takes a measurement of what the kernel does not count; over the limit it ends, reason `oom`. */
  measured(usage: Usage): void {
    const { current } = this.options;
    current.usage = usage;
    const { memoryLimitBytes: limit } = this.limits;
    if (limit === null || usage.memoryBytes <= limit) return;
    current.condemn('oom', `used ${usage.memoryBytes} bytes of ${limit}`, { type: 'over-memory' });
  }

  /** Takes a measurement of its tenant directory. Over its limit, `storage_action = "stop"` stops it like an operator. */
  storageMeasured(found: StorageFinding): void {
    const { current, records, service, lifecycle, dispatch } = this.options;
    const { storageLimitBytes } = this.limits;
    records.stored(found, storageLimitBytes);
    const isOver = storageLimitBytes !== null && found.bytes > storageLimitBytes;
    if (!isOver || service().storageAction !== 'stop' || lifecycle().desired === 'stopped') return;
    const stop = { type: 'stop', overStorage: true } as const;
    if (current.exists) current.condemn('storage', overStorage(found.bytes, storageLimitBytes), stop);
    else dispatch(stop);
  }

  /** The limits are others now. What cannot be taken over under its process is at the next start. */
  renew(): void {
    const { current, records, logger, name } = this.options;
    const reason = current.launched?.limit(this.limits) ?? null;
    if (reason !== null) logger.warn({ instance: name, reason }, 'limits not changed while it runs');
    const { storage } = records.record;
    if (storage !== null) this.storageMeasured({ bytes: storage.bytes, atMs: storage.measuredAtMs });
  }
}
