/** One running child: its process, its output, its sockets, its end. */
import type { ProcessIdentity, ProcessRecord } from '../../core/lifecycle/instance.ts';
import type { Limits } from '../../core/limits/limits.ts';
import type {
  InboundState,
  KernelUsage,
  LaunchedProcess,
  ProbeResult,
  ProcessExit,
  Upstream,
} from '../../core/ports.ts';
import type { ServiceConfig, SocketPolicy } from '../../core/service/service.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import type { OutputTap } from '../output/output-sink.ts';
import { isSigkillPending } from '../proc/proc.ts';
import { releasePort } from '../sockets/port.ts';
import { isAtRest, readInboundState } from '../sockets/resting-connections.ts';
import { ServedSocket } from '../sockets/served-socket.ts';
import type { Trash } from '../storage/trash.ts';
import { type Frozen, freeze, thaw } from './freezer.ts';
import { askLiveness, type HealthCheck } from './probe.ts';
import { type DirWatch, waitReady } from './readiness.ts';
import { treeRunTimeMs } from './run-time.ts';
import { terminateAll } from './terminate.ts';

/** How long the end of a process waits for the end of its output, which other processes may hold open. */
const OUTPUT_WAIT_MS = 200;

type HealthKeys = Pick<ServiceConfig, 'health' | 'healthHost' | 'healthTimeoutMs'>;

export interface ChildParts {
  readonly record: ProcessRecord;
  readonly exited: Promise<ProcessExit>;
  readonly service: ServiceConfig;
  /** null without cgroups. */
  readonly cgroup: Cgroup | null;
  readonly dirWatch: DirWatch;
  readonly output: OutputTap;
  /** Fills in a template of the service. */
  fill(template: string): string;
  /** Whether an earlier server started it. */
  readonly isAdopted: boolean;
  /** Called when the process is gone, before its traces are removed. */
  onGone(): void;
  /** Called at the end of the process with its listening socket. The callee accepts what waits there, and closes `fd`. */
  onListenerLeft(fd: number): void;
  /** Called when the server gives up the child without ending it. */
  onReleased(): void;
  /** Receives files that the child must not leave in another's way. */
  readonly trash: Trash;
  /** Removes the child's sockets and its bind directory. Never throws. */
  removeSockets(): void;
  /** Removes the child's FIFOs and its sandbox's bundle. */
  removeOutput(): void;
}

export class Child implements LaunchedProcess {
  readonly exited: Promise<ProcessExit>;
  private readonly parts: ChildParts;
  private readonly gone = new AbortController();
  private unhealthy: string | null = null;
  private readonly hurry = new AbortController();
  private readonly socket: ServedSocket;
  /** A cgroup may be reused, and its counter goes on. */
  private readonly oomKillsBefore: number;
  readonly cpuSecondsBefore: number;
  /** Counts of its cgroup when that was removed. */
  private lastUsage: KernelUsage | null = null;
  private resumed = new AbortController();
  private ending: Promise<void> | null = null;

  constructor(parts: ChildParts) {
    this.parts = parts;
    const before = parts.cgroup?.usage();
    this.oomKillsBefore = before?.oomKills ?? 0;
    this.cpuSecondsBefore = before?.cpuSeconds ?? 0;
    this.exited = parts.exited.then((exit) => (this.wasOutOfMemory() ? { ...exit, oom: true } : exit));
    this.socket = new ServedSocket({ ...parts, policy: parts.service });
    void parts.exited.then(() => {
      // Probes are cancelled first, so that nobody takes them for clients.
      this.gone.abort();
      this.socket.gone();
    });
  }

  get identity(): ProcessIdentity {
    return this.parts.record;
  }

  get record(): ProcessRecord {
    return this.parts.record;
  }

  get upstream(): Upstream {
    const { port } = this.parts.record;
    return port === null ? { socketPath: this.socket.path } : { port };
  }

  get lastHealth(): string | null {
    return this.unhealthy;
  }

  async waitReady(signal: AbortSignal): Promise<ProbeResult> {
    const result = await this.untilHealthy(AbortSignal.any([signal, this.gone.signal]));
    this.parts.dirWatch.close();
    if (this.gone.signal.aborted) return { ok: false, detail: 'exited before it was ready' };
    if (!result.ok) return result;
    return signal.aborted ? { ok: false, detail: 'became ready too late' } : await this.socket.takeOver();
  }

  async probe(service: HealthKeys): Promise<ProbeResult> {
    const check = this.healthCheck(service);
    return this.socket.probed(() => askLiveness(this.upstream, check, service.healthTimeoutMs, this.gone.signal));
  }

  expose(policy: SocketPolicy, serves: boolean): string | null {
    return this.socket.expose(policy, serves);
  }

  wasConnected(): boolean {
    return this.socket.wasConnected();
  }

  isAtRest(quietMs: number, listeners: readonly string[]): Promise<boolean> {
    return isAtRest([this.parts.record.bindSocket, ...listeners], quietMs);
  }

  runTimeMs(): number {
    const { cgroup, record } = this.parts;
    const seconds = cgroup?.usage().cpuSeconds ?? null;
    return seconds === null ? treeRunTimeMs(record.pid) : seconds * 1000;
  }

  suspend(limits: Limits): void {
    this.parts.dirWatch.close();
    freeze(this.whole);
    this.resumed = new AbortController();
    void this.parts.cgroup?.pushOut(limits, this.resumed.signal);
  }

  resume(): string | null {
    thaw(this.whole);
    this.resumed.abort();
    return this.socket.serve();
  }

  isKilled(): boolean {
    return this.parts.cgroup?.holdsSigkill === true && isSigkillPending(this.parts.record);
  }

  inboundState(): Promise<InboundState> {
    return readInboundState(this.parts.record.bindSocket);
  }

  usage(): KernelUsage | null {
    if (this.lastUsage !== null) return this.lastUsage;
    const counted = this.parts.cgroup?.usage();
    if (counted === undefined || counted.memoryBytes === null || counted.cpuSeconds === null) return null;
    const { memoryBytes, cpuSeconds, peakMemoryBytes } = counted;
    return { memoryBytes, cpuSeconds, peakMemoryBytes, oomKills: counted.oomKills - this.oomKillsBefore };
  }

  limit(limits: Limits): string | null {
    try {
      this.parts.cgroup?.limit(limits);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private get whole(): Frozen {
    return { leader: this.parts.record, cgroup: this.parts.cgroup };
  }

  private wasOutOfMemory(): boolean {
    try {
      return (this.parts.cgroup?.usage().oomKills ?? 0) > this.oomKillsBefore;
    } catch {
      // The exit must be reported even when its cgroup cannot be read.
      return false;
    }
  }

  lastLines(count: number): string[] {
    return this.parts.output.lastLines(count);
  }

  terminate(graceMs: number): Promise<void> {
    if (this.ending === null) this.ending = this.end(graceMs).catch((error) => this.endFailed(error));
    // For a repeated call, the process is killed when either grace is over.
    else if (graceMs === 0) this.hurry.abort();
    else setTimeout(() => this.hurry.abort(), graceMs).unref();
    return this.ending;
  }

  private endFailed(error: unknown): never {
    this.ending = null;
    throw error;
  }

  release(): void {
    this.socket.release();
    this.parts.dirWatch.close();
    this.parts.output.close();
    this.parts.onReleased();
  }

  private untilHealthy(signal: AbortSignal): Promise<ProbeResult> {
    const { service, dirWatch, record } = this.parts;
    const { port, bindSocket } = record;
    // A child that an earlier server took over has its socket there already.
    const wasTakenOver = this.socket.isTakenOver;
    // An earlier server may have died between freezing and thawing.
    if (this.parts.isAdopted) thaw(this.whole);
    const socketPath = wasTakenOver ? this.socket.path : bindSocket;
    const options = {
      upstream: port === null ? { socketPath } : { port },
      health: this.healthCheck(service),
      leader: record,
      onUnhealthy: (detail: string) => {
        this.unhealthy = detail;
      },
    };
    return waitReady(options, dirWatch, signal);
  }

  private healthCheck({ health, healthHost, healthTimeoutMs }: HealthKeys): HealthCheck | null {
    return health === null ? null : { path: health, host: this.parts.fill(healthHost), timeoutMs: healthTimeoutMs };
  }

  private async end(graceMs: number): Promise<void> {
    const { record, dirWatch, output, onGone, removeSockets, removeOutput } = this.parts;
    this.resumed.abort();
    this.socket.cancelHold();
    // Frozen processes take no signal; with cgroup v1 not even SIGKILL.
    thaw(this.whole);
    await terminateAll({
      leader: record,
      exited: this.exited,
      socketPath: record.bindSocket,
      hurry: this.hurry.signal,
      graceMs,
      cgroup: this.parts.cgroup,
    });
    this.lastUsage = this.usage();
    this.parts.cgroup?.remove();
    onGone();
    dirWatch.close();
    removeSockets();
    if (record.port !== null) releasePort(record.port);
    await output.finish(OUTPUT_WAIT_MS);
    removeOutput();
  }
}
