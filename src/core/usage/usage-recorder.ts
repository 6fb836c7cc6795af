/** What the supervisor tells about the use of its instances. */
import type { InstanceName, ProcessIdentity } from '../lifecycle/instance.ts';
import type { Usage } from '../ports.ts';
import type { UsageTotals } from './meters.ts';
import type { Traffic } from './traffic.ts';

/** A process whose use is counted. */
export interface CountedProcess {
  readonly identity: ProcessIdentity;
  /** Reading of the counter of its processor time before its start, in seconds. A cgroup may have had other processes. */
  readonly cpuSecondsBefore: number;
  /** Returns the kernel's counts; null where only tenement itself can measure. */
  usage(): Pick<Usage, 'cpuSeconds' | 'memoryBytes'> | null;
}

/** The use of one instance. */
export interface InstanceUsage {
  /** Where its requests count. */
  readonly traffic: Traffic;
  /** It was started or resumed because somebody needed it. */
  woke(): void;
  launched(process: CountedProcess): void;
  /** A process was taken back, of which an earlier server has counted a part. */
  adopted(process: CountedProcess, isSuspended: boolean): void;
  measured(usage: Pick<Usage, 'cpuSeconds' | 'memoryBytes'>): void;
  suspended(isSuspended: boolean): void;
  /** Nothing is left of its process. @param last its last readings; null: unknown */
  ended(last: Pick<Usage, 'cpuSeconds' | 'memoryBytes'> | null): void;
}

export interface UsageRecorder extends UsageTotals {
  of(instance: InstanceName, tenantId: string): InstanceUsage;
  /** Notes what a tenant's directory takes on disk. */
  stored(tenantId: string, bytes: number): void;
}
