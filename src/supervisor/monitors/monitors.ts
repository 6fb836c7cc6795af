/** Periodic checks while any instance runs. */

import type { HostMemory } from '../../core/admission/pressure.ts';
import type { Clock, ProcessTable, StorageMeter, UsageMeter } from '../../core/ports.ts';
import type { Logger } from '../../logger.ts';
import type { ConnectionCounts } from '../activity/direct-traffic.ts';
import { TrafficWatch } from '../activity/traffic-watch.ts';
import { evictOne } from '../admission/eviction.ts';
import { memoryGuard } from '../admission/memory-guard.ts';
import { memoryReserve } from '../admission/memory-reserve.ts';
import type { Runner } from '../instance/runner.ts';
import { StorageWatch } from '../tenants/storage-watch.ts';

export interface MonitorsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly processTable: Pick<ProcessTable, 'connections'>;
  readonly meter: UsageMeter;
  readonly storageMeter: StorageMeter;
  /** Returns null when it is unknown. */
  readHostMemory(): HostMemory | null;
  /** 0: no reserve. Read each time, because a reload may change it. */
  memoryReserveBytes(): number;
  runners(): Iterable<Runner>;
  /** Called for each measurement of a tenant's directory. */
  onStored(tenantId: string, bytes: number): void;
}

export class Monitors {
  private readonly traffic: TrafficWatch;
  private readonly storage: StorageWatch;
  private readonly steady: readonly { watch(): void; end(): void }[];

  constructor(options: MonitorsOptions) {
    const { runners } = options;
    this.traffic = new TrafficWatch(options);
    const reserve = memoryReserve({
      ...options,
      reserveBytes: () => options.memoryReserveBytes(),
      isNeeded: () => [...runners()].some(({ hasProcess }) => hasProcess),
      evict: () => evictOne(runners()),
    });
    this.storage = new StorageWatch({ ...options, meter: options.storageMeter });
    this.steady = [this.traffic, memoryGuard(options), reserve];
  }

  /** Starts the checks, because an instance of this tenant has a process, or is about to. */
  started(tenantId: string): void {
    for (const one of this.steady) one.watch();
    this.storage.started(tenantId);
  }

  /** Applies changed limits. */
  renew(): void {
    this.storage.renew();
  }

  /** Forgets a tenant's measurement, because one of its instances was registered or unregistered. */
  registered(tenantId: string): void {
    this.storage.forget(tenantId);
  }

  end(): void {
    for (const one of this.steady) one.end();
    this.storage.end();
  }

  /** Counts the connections to each bound path. */
  connections(): ConnectionCounts {
    return this.traffic.counts();
  }
}
