/**
 * The one place that changes an instance's state. Events are handled one at a time, to the end: state,
 * registry, effects, news, held requests. A wake and a sleep cannot race by construction.
 */
import { type InstanceName, type InstanceRecord, instanceName, type ProcessIdentity } from '../core/instance.ts';
import {
  type Effect,
  type Lifecycle,
  type LifecycleEvent,
  lifecyclePolicy,
  newLifecycle,
  step,
} from '../core/lifecycle.ts';
import { effectiveLimits, type Limits } from '../core/limits.ts';
import type {
  Doorbells,
  InstancePaths,
  LaunchedProcess,
  Launcher,
  LaunchRequest,
  Upstream,
  Usage,
} from '../core/ports.ts';
import type { ServiceConfig, Settings } from '../core/service.ts';
import type { Claim, Grant } from '../core/serving.ts';
import { overStorage, type StorageFinding } from '../core/storage.ts';
import { CurrentProcess } from './current-process.ts';
import type { ConnectionCounts } from './direct-traffic.ts';
import { Door } from './door.ts';
import { Duty } from './duty.ts';
import type { Generations } from './generations.ts';
import { InFlight } from './in-flight.ts';
import { Journal, type JournalDeps } from './journal.ts';
import { SerialQueue } from './serial-queue.ts';
import type { StartSlots } from './start-slots.ts';
import { Watchers } from './watchers.ts';

export interface RunnerDeps extends JournalDeps {
  /** Asked each time: a reload may change them. */
  settings(): Settings;
  readonly launcher: Launcher;
  readonly doorbells: Omit<Doorbells, 'close'>;
  readonly slots: StartSlots;
  readonly generations: Generations;
  /** Connections to each socket, by the path that was bound. */
  connections(): ConnectionCounts;
  /** 0 to 1. */
  random(): number;
  /** One of this tenant is about to have a process. */
  onStarting(tenantId: string): void;
}

const OUT_OF_MEMORY = 'the kernel ended one of its processes: memory_limit_mb was reached';

export class Runner {
  readonly name: InstanceName;
  readonly tenantId: string;
  readonly inFlight: InFlight;
  service: ServiceConfig;
  lifecycle: Lifecycle;
  private readonly journal: Journal;
  private readonly duty: Duty;
  private readonly deps: RunnerDeps;
  private readonly door: Door;
  private readonly current: CurrentProcess;
  private readonly queue = new SerialQueue<LifecycleEvent>((event) => this.handle(event));
  private readonly watchers = new Watchers();
  /** Those that its next process will have. */
  configuredPaths: InstancePaths;
  private wokenByRequest = false;
  private cancelRetry = () => {};

  constructor(record: InstanceRecord, service: ServiceConfig, deps: RunnerDeps) {
    this.name = instanceName(record.service, record.tenantId);
    this.tenantId = record.tenantId;
    this.service = service;
    this.deps = deps;
    this.configuredPaths = deps.launcher.paths(service, record.tenantId);
    this.lifecycle = newLifecycle(record.desired, record.crashes);
    this.inFlight = new InFlight(record.requests, record.lastActivityAtMs ?? 0);
    this.journal = new Journal(record, this.inFlight, deps);
    this.door = this.makeDoor();
    this.current = new CurrentProcess({
      clock: deps.clock,
      launcher: deps.launcher,
      slots: deps.slots,
      journal: this.journal,
      request: () => this.launchRequest(),
      dispatch: (event) => this.dispatch(event),
    });
    this.duty = new Duty({
      clock: deps.clock,
      settings: deps.settings,
      service: () => this.service,
      inFlight: this.inFlight,
      ownConnections: deps.generations.ownConnections,
      connections: deps.connections,
      listeners: () => deps.doorbells.listeners(this.name),
      onUsed: () => this.journal.used(),
      onIdle: () => this.dispatch({ type: 'sleep' }),
      onUnhealthy: (detail) => this.current.condemn('unhealthy', detail, { type: 'unhealthy' }),
    });
  }

  private makeDoor(): Door {
    return new Door({
      name: this.name,
      tenantId: this.tenantId,
      clock: this.deps.clock,
      inFlight: this.inFlight,
      lifecycle: () => this.lifecycle,
      service: () => this.service,
      onNeeded: () => this.dispatch({ type: 'wake' }),
      onUsed: () => this.journal.used(),
      onQuiet: () => this.duty.quiet(),
      onDeserted: () => this.deserted(),
    });
  }

  // ---- What others see -----------------------------------------------------------------------

  get record(): InstanceRecord {
    return this.journal.record;
  }

  get process(): ProcessIdentity | null {
    return this.current.identity;
  }

  get usage(): Usage | null {
    return this.current.usage;
  }

  get upstream(): Upstream | null {
    return this.door.serving?.process.upstream ?? null;
  }

  /** Those of its process, while it has one; else those that the next will have. */
  get paths(): InstancePaths {
    const { record } = this.current;
    if (record === null) return this.configuredPaths;
    return { ...this.configuredPaths, publicSocket: record.publicSocket, bindSocket: record.bindSocket };
  }

  get held(): number {
    return this.door.held;
  }

  /** When it goes to sleep if nothing more happens, ms since the epoch. */
  get sleepsAtMs(): number | null {
    return this.duty.sleepsAtMs;
  }

  /** Ready and with nothing open: may be put to sleep to make room. */
  get isIdle(): boolean {
    return this.lifecycle.state === 'ready' && this.inFlight.activity.open === 0;
  }

  /** Whether its last change could not be written into the registry. */
  get isUnsaved(): boolean {
    return this.journal.isUnsaved;
  }

  /** Whether its process was started with another config than it would be now. */
  get isOutdated(): boolean {
    const { record } = this.current;
    return record !== null && record.spec !== this.deps.launcher.spec(this.launchRequest());
  }

  /** Or is about to have one, or has not seen the end of it. */
  get hasProcess(): boolean {
    return ['starting', 'ready', 'draining', 'stopping'].includes(this.lifecycle.state);
  }

  /** It serves, or it has come to rest without a process. */
  settled(): Promise<void> {
    return this.until(() => this.lifecycle.state === 'ready' || !this.hasProcess);
  }

  /** Settles once `reached` holds; it is asked again after every change. */
  until(reached: () => boolean): Promise<void> {
    return this.watchers.until(reached);
  }

  claim(signal: AbortSignal): Claim | Promise<Claim> {
    return this.door.claim(signal);
  }

  grant(): Grant | null {
    return this.door.grant();
  }

  /** Takes note of what went straight to its socket. */
  lookAtTraffic(): void {
    this.duty.lookAtTraffic();
  }

  /** Reads what the kernel counts of its process; false when it counts nothing. A kill for memory ends all of it. */
  readUsage(): boolean {
    const usage = this.current.launched?.usage() ?? null;
    if (usage === null) return false;
    this.current.usage = usage;
    if (usage.oomKills > 0) this.current.condemn('oom', OUT_OF_MEMORY, { type: 'over-memory' });
    return true;
  }

  /** Takes a measurement of what the kernel does not count; over the limit it ends, reason `oom`. */
  measured(usage: Usage): void {
    this.current.usage = usage;
    const { memoryLimitBytes: limit } = this.limits;
    if (limit === null || usage.memoryBytes <= limit) return;
    this.current.condemn('oom', `used ${usage.memoryBytes} bytes of ${limit}`, { type: 'over-memory' });
  }

  /** Takes a measurement of its tenant directory. Over its limit, `storage_action = "stop"` stops it like an operator. */
  storageMeasured(found: StorageFinding): void {
    const { storageLimitBytes } = this.limits;
    this.journal.stored(found, storageLimitBytes);
    const isOver = storageLimitBytes !== null && found.bytes > storageLimitBytes;
    if (!isOver || this.service.storageAction !== 'stop' || this.lifecycle.desired === 'stopped') return;
    const stop = { type: 'stop', overStorage: true } as const;
    if (this.hasProcess) this.current.condemn('storage', overStorage(found.bytes, storageLimitBytes), stop);
    else this.dispatch(stop);
  }

  /** The service's, with its own over them. */
  get limits(): Limits {
    return effectiveLimits(this.service, this.record.limits);
  }

  // ---- What others do ------------------------------------------------------------------------

  /** Goes on with another config: at once where the process has no part in it, else from the next start on. */
  reconfigure(service: ServiceConfig): void {
    this.configuredPaths = this.deps.launcher.paths(service, this.tenantId);
    this.service = service;
    this.renewLimits();
    if (!this.lifecycle.over && this.lifecycle.state !== 'ready') this.mindDoorbell();
    this.duty.renew();
    const { storage } = this.record;
    if (storage !== null) this.storageMeasured({ bytes: storage.bytes, atMs: storage.measuredAtMs });
    this.watchers.tell();
  }

  /** What cannot be taken over now is at the next start. */
  private renewLimits(): void {
    const reason = this.current.launched?.limit(this.limits) ?? null;
    if (reason !== null) this.deps.logger.warn({ instance: this.name, reason }, 'limits not changed while it runs');
  }

  /** Takes up a process that runs already; `event` says what becomes of it. */
  takeUp(found: LaunchedProcess, event: LifecycleEvent): void {
    this.current.found = found;
    this.dispatch(event);
  }

  /** Its process ended while nobody watched. */
  lost(): void {
    this.journal.exited({ code: null, signal: null }, { reason: 'lost', detail: null }, []);
    this.journal.ended(null);
    this.journal.used();
  }

  /** Lets go of its process, which lives on for the next server. */
  release(): void {
    this.duty.end();
    this.cancelRetry();
    this.duty.cancelDrain();
    this.journal.release();
    this.current.release();
  }

  // ---- Events --------------------------------------------------------------------------------

  /** Takes an event; it is handled at once, or after the one being handled. */
  dispatch(event: LifecycleEvent): void {
    this.queue.push(event);
  }

  private handle(event: LifecycleEvent): void {
    const was = this.lifecycle;
    const at = { nowMs: this.deps.clock.nowMs(), random: this.deps.random() };
    const { next, effects } = step(was, event, lifecyclePolicy(this.service, this.deps.settings()), at);
    if (next === was) return;
    this.lifecycle = next;
    this.changed(was, event);
    for (const effect of effects) this.carryOut(effect);
    this.journal.tell(was, next, event, this.process?.pid ?? null);
    this.door.settleHeld(was);
    this.watchers.tell();
  }

  private changed(was: Lifecycle, event: LifecycleEvent): void {
    const { state } = this.lifecycle;
    this.mindDoorbell();
    if (was.state === 'ready' && state !== 'ready') this.leaveReady();
    if (was.state !== state) this.cancelRetry();
    if (was.state !== state && state === 'starting') this.enterStarting(was, event);
    if (was.state !== state && state === 'ready') this.enterReady();
    this.journal.write(was, this.lifecycle, event);
  }

  /** Somebody answers at its public path: its process while that is ready, else the doorbell. */
  private mindDoorbell(): void {
    const { launcher, doorbells } = this.deps;
    const { state, over } = this.lifecycle;
    const { found } = this.current;
    if (over) doorbells.takeDown(this.name);
    else if (state === 'ready') doorbells.retire(this.name);
    // One that was taken back serves on while it is probed.
    else if (state === 'starting' && found !== null && launcher.isPublished(found.record)) return;
    else doorbells.hang(this.name, this.configuredPaths, this.service);
  }

  private enterStarting(was: Lifecycle, event: LifecycleEvent): void {
    this.deps.onStarting(this.tenantId);
    this.wokenByRequest = event.type === 'wake' && this.door.held > 0;
    this.journal.starting(was, event, this.door.held > 0);
  }

  /** A start that has not begun, that nobody waits for any more and that no operator asked for, is not made. */
  private deserted(): void {
    const unneeded = this.wokenByRequest && this.watchers.isEmpty && this.current.waits;
    if (unneeded) this.dispatch({ type: 'abandoned' });
  }

  // ---- Effects -------------------------------------------------------------------------------

  private carryOut(effect: Effect): void {
    switch (effect.do) {
      case 'launch':
        return this.current.launch();
      case 'adopt':
        return this.current.adopt();
      case 'drain':
        return this.duty.drain(this.service.drainTimeoutMs, () => this.dispatch({ type: 'drained' }));
      case 'terminate':
        this.duty.cancelDrain();
        return void this.current.terminate(effect.kill ? 0 : this.service.stopTimeoutMs);
      case 'schedule-retry':
        return this.retryAt(effect.atMs);
      case 'blame':
        this.current.assignBlame(effect.reason);
    }
  }

  launchRequest(): LaunchRequest {
    const { name: instance, service, tenantId, configuredPaths: paths } = this;
    return { instance, service, tenantId, env: this.record.env, limits: this.limits, paths };
  }

  private retryAt(atMs: number): void {
    const { clock } = this.deps;
    this.cancelRetry = clock.after(Math.max(0, atMs - clock.nowMs()), () => this.dispatch({ type: 'retry' }));
  }

  // ---- Ready ---------------------------------------------------------------------------------

  private enterReady(): void {
    const process = this.current.launched;
    if (process === null) return;
    const generation = this.deps.generations.next();
    this.door.open({ process, generation });
    this.journal.ready(process.record, this.current.isAdopted);
    this.duty.begin({ process, generation, found: this.current.isAdopted });
  }

  private leaveReady(): void {
    this.duty.end();
    if (this.door.serving !== null) this.deps.generations.retire(this.door.serving.generation);
    this.door.close();
  }
}
