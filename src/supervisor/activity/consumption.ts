/** An instance's use of the machine, and what follows from exceeding its limits. */
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { Lifecycle, LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import { overStorage, type StorageFinding } from '../../core/limits/storage.ts';
import type { Usage } from '../../core/ports.ts';
import type { EffectiveService } from '../../core/service/effective-service.ts';
import type { InstanceUsage } from '../../core/usage/usage-recorder.ts';
import type { Logger } from '../../logger.ts';
import type { CurrentProcess } from '../attempt/current-process.ts';
import type { RecordKeeper } from '../instance/record-keeper.ts';

export interface ConsumptionOptions {
  readonly name: InstanceName;
  readonly logger: Logger;
  readonly current: CurrentProcess;
  readonly records: RecordKeeper;
  readonly meter: Pick<InstanceUsage, 'measured'>;
  service(): EffectiveService;
  lifecycle(): Lifecycle;
  dispatch(event: LifecycleEvent): void;
}

const OUT_OF_MEMORY = 'the kernel ended one of its processes: memory_limit_mb was reached';

export class Consumption {
  private readonly options: ConsumptionOptions;

  constructor(options: ConsumptionOptions) {
    this.options = options;
  }

  /**
   * Reads the kernel's counts for its process; false when there are none. A kill for memory ends the whole instance.
   */
  readUsage(): boolean {
    const { current } = this.options;
    const usage = current.launched?.usage() ?? null;
    if (usage === null) return false;
    this.note(usage);
    if (usage.oomKills > 0) current.condemn('oom', OUT_OF_MEMORY, { type: 'over-memory' });
    return true;
  }

  /** Takes a measurement that the kernel does not make. Over the limit the instance ends, with reason `oom`. */
  measured(usage: Usage): void {
    const { current, service } = this.options;
    this.note(usage);
    const { memoryLimitBytes: limit } = service();
    if (limit === null || usage.memoryBytes <= limit) return;
    current.condemn('oom', `used ${usage.memoryBytes} bytes of ${limit}`, { type: 'over-memory' });
  }

  private note(usage: Usage): void {
    this.options.current.usage = usage;
    this.options.meter.measured(usage);
  }

  /**
   * Takes a measurement of its tenant directory. Over the limit, `storage_action = "stop"` stops the instance as an
   * operator would.
   */
  storageMeasured(found: StorageFinding): void {
    const { current, records, service, lifecycle, dispatch } = this.options;
    const { storageLimitBytes } = service();
    records.stored(found, storageLimitBytes);
    const isOver = storageLimitBytes !== null && found.bytes > storageLimitBytes;
    if (!isOver || service().storageAction !== 'stop' || lifecycle().desired === 'stopped') return;
    const stop = { type: 'stop', overStorage: true } as const;
    if (current.exists) current.condemn('storage', overStorage(found.bytes, storageLimitBytes), stop);
    else dispatch(stop);
  }

  /** Applies changed limits. A limit that a running process cannot get applies at its next start. */
  renew(): void {
    const { current, records, logger, name, service } = this.options;
    const reason = current.launched?.limit(service()) ?? null;
    if (reason !== null) logger.warn({ instance: name, reason }, 'limits of the running process not changed');
    const { storage } = records.record;
    if (storage !== null) this.storageMeasured({ bytes: storage.bytes, atMs: storage.measuredAtMs });
  }
}
