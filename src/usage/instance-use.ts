/** The use of one instance until it is collected. */
import type { InstanceName, ProcessIdentity } from '../core/lifecycle/instance.ts';
import type { Usage } from '../core/ports.ts';
import type { ProcessMark } from '../core/stores/usage-store.ts';
import type { MeterValues } from '../core/usage/meters.ts';
import { ProcessMeter, type ProcessReading } from '../core/usage/process-meter.ts';
import {
  NO_TRAFFIC,
  sameTraffic,
  Traffic,
  type TrafficCounts,
  trafficNow,
  trafficSince,
} from '../core/usage/traffic.ts';
import type { CountedProcess, InstanceUsage } from '../core/usage/usage-recorder.ts';

type Readings = Pick<Usage, 'cpuSeconds' | 'memoryBytes'>;

export interface InstanceUseDeps {
  /** Time since the machine's boot, in ms. */
  uptimeMs(): number;
  readonly bootId: string;
  /** Takes the mark that an earlier server has left for a process. */
  takeMark(instance: InstanceName, identity: ProcessIdentity): ProcessMark | null;
  /** There is something to collect. */
  onUsed(use: InstanceUse): void;
  /** It has a new process. */
  onLaunched(use: InstanceUse): void;
  /** It has the process of an earlier server. */
  onAdopted(): void;
  /** Adds what was used in a span of time that ends now; 0: at this moment. */
  add(tenantId: string, durationMs: number, values: MeterValues): void;
}

interface MeasuredProcess {
  readonly identity: ProcessIdentity;
  readonly meter: ProcessMeter;
  /** Reads the kernel's counts; null where there are none. */
  read(): Readings | null;
}

export class InstanceUse implements InstanceUsage {
  readonly instance: InstanceName;
  readonly traffic = new Traffic();
  /** Whether its process has ended since it was collected. */
  hasEnded = false;
  private readonly tenantId: string;
  private readonly deps: InstanceUseDeps;
  private counted: TrafficCounts = NO_TRAFFIC;
  private process: MeasuredProcess | null = null;

  constructor(instance: InstanceName, tenantId: string, deps: InstanceUseDeps) {
    this.instance = instance;
    this.tenantId = tenantId;
    this.deps = deps;
  }

  woke(): void {
    this.deps.add(this.tenantId, 0, { wakes: 1 });
    this.deps.onUsed(this);
  }

  launched(process: CountedProcess): void {
    const { cpuSecondsBefore: cpuSeconds } = process;
    this.begin(process, { uptimeMs: this.deps.uptimeMs(), cpuSeconds, memoryBytes: 0 }, false);
    this.deps.onLaunched(this);
  }

  adopted(process: CountedProcess, isSuspended: boolean): void {
    const { deps, instance } = this;
    const mark = deps.takeMark(instance, process.identity);
    const begin = mark ?? { uptimeMs: deps.uptimeMs(), cpuSeconds: null, memoryBytes: 0 };
    this.begin(process, begin, isSuspended);
    deps.onAdopted();
  }

  private begin(process: CountedProcess, begin: ProcessReading, isSuspended: boolean): void {
    const { identity } = process;
    this.process = { identity, meter: new ProcessMeter(begin, isSuspended), read: () => process.usage() };
    this.hasEnded = false;
    this.deps.onUsed(this);
  }

  measured(usage: Readings): void {
    this.process?.meter.measured(usage, this.deps.uptimeMs());
  }

  /** What was used before is collected apart, because it may belong to an earlier hour than what follows. */
  suspended(isSuspended: boolean): void {
    this.readProcess();
    this.collectProcess();
    this.process?.meter.suspended(isSuspended, this.deps.uptimeMs());
  }

  ended(last: Readings | null): void {
    if (last !== null) this.measured(last);
    this.collectProcess();
    this.process = null;
    this.hasEnded = true;
    this.deps.onUsed(this);
  }

  /** Adds what was used since the last call. Returns whether more may follow without a further call of `onUsed`. */
  collect(): boolean {
    this.readProcess();
    this.collectProcess();
    this.traffic.update();
    const counts = trafficNow(this.traffic);
    const isQuiet = sameTraffic(counts, this.counted);
    this.deps.add(this.tenantId, 0, trafficSince(this.counted, counts));
    this.counted = counts;
    return this.process !== null || !isQuiet || this.traffic.isFollowing;
  }

  /** Reads it now, so that what is written is no older than the write. */
  private readProcess(): void {
    const readings = this.process?.read() ?? null;
    if (readings !== null) this.measured(readings);
  }

  private collectProcess(): void {
    if (this.process === null) return;
    const { durationMs, values } = this.process.meter.take(this.deps.uptimeMs());
    this.deps.add(this.tenantId, durationMs, values);
  }

  /** How far its process has been collected; null without one, or before its first measurement. */
  get mark(): ProcessMark | null {
    if (this.process === null) return null;
    const { identity, meter } = this.process;
    const { cpuSeconds, ...reading } = meter.reading;
    if (cpuSeconds === null) return null;
    const { pid, startTicks } = identity;
    return { instance: this.instance, pid, startTicks, cpuSeconds, ...reading, bootId: this.deps.bootId };
  }
}
