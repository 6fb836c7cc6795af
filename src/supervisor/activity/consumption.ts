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
  /** Called when it uses noticeably more or less than it did. */
  onChanged(): void;
  service(): EffectiveService;
  lifecycle(): Lifecycle;
  dispatch(event: LifecycleEvent): void;
}

/** Differences that are worth a report. */
const NOTICEABLE_BYTES = 1024 * 1024;
const NOTICEABLE_CPU_S = 0.1;

const OUT_OF_MEMORY = 'the kernel ended one of its processes: memory_limit_mb was reached';

export class Consumption {
  private readonly options: ConsumptionOptions;
  /** What was measured when a change was last reported. */
  private told: Usage | null = null;

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
    const { current, meter, onChanged } = this.options;
    const isNoticeable = current.usage === null || this.told === null || differs(this.told, usage);
    current.usage = usage;
    meter.measured(usage);
    if (!isNoticeable) return;
    this.told = usage;
    onChanged();
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

function differs(was: Usage, is: Usage): boolean {
  const cpuSeconds = is.cpuSeconds - was.cpuSeconds;
  return Math.abs(is.memoryBytes - was.memoryBytes) >= NOTICEABLE_BYTES || Math.abs(cpuSeconds) >= NOTICEABLE_CPU_S;
}
