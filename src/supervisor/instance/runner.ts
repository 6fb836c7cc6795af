/**
 * The one place that changes an instance's state. Events are handled one at a time, to the end: state,
 * registry, effects, news, held requests. A wake and a sleep cannot race by construction.
 */
import { BY_OPERATOR, BY_SERVER, type Demand } from '../../core/admission/demand.ts';
import type { Resident } from '../../core/admission/eviction.ts';
import type { Admission, Asker, Grant, SecondTry } from '../../core/admission/serving.ts';
import {
  hasProcess,
  type InstanceName,
  type InstanceRecord,
  instanceName,
  type ProcessIdentity,
} from '../../core/lifecycle/instance.ts';
import { newLifecycle, step } from '../../core/lifecycle/lifecycle.ts';
import type { Effect, Lifecycle, LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import { lifecyclePolicy } from '../../core/lifecycle/lifecycle-policy.ts';
import { startTerms } from '../../core/lifecycle/start-terms.ts';
import type { InstancePaths, LaunchedProcess, LaunchRequest, Upstream, Usage } from '../../core/ports.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import { fault } from '../../faults.ts';
import type { Consumption } from '../activity/consumption.ts';
import { residenceOf } from '../admission/residence.ts';
import { Conditions } from '../monitors/conditions.ts';
import { SerialQueue } from '../serial-queue.ts';
import type { InstanceActivity } from './instance-activity.ts';
import { launchRequestOf } from './launch-request.ts';
import { makeRunnerParts, type RunnerCallbacks, type RunnerDeps, type RunnerParts } from './runner-parts.ts';
import { Tenure } from './tenure.ts';

/** Before a process is ended whose end failed. */
const RETRY_MS = 1000;

export class Runner {
  readonly name: InstanceName;
  readonly tenantId: string;
  service: ServiceConfig;
  lifecycle: Lifecycle;
  readonly inFlight: InstanceActivity;
  readonly consumption: Consumption;
  private readonly deps: RunnerDeps;
  private readonly parts: RunnerParts;
  private readonly tenure: Tenure;
  private readonly queue = new SerialQueue<LifecycleEvent>(
    (event) => this.handle(event),
    (event, error) => this.broken(event, error),
  );
  private readonly conditions = new Conditions();
  private wokenByRequest = false;
  /** An operator asked for the start that is under way. */
  private isAsked = false;
  /** What happens to it is the next server's business. */
  private released = false;
  private hurried = false;
  private cancelRetry = () => {};

  constructor(record: InstanceRecord, service: ServiceConfig, deps: RunnerDeps) {
    this.name = instanceName(record.service, record.tenantId);
    this.tenantId = record.tenantId;
    this.service = service;
    this.deps = deps;
    this.lifecycle = newLifecycle(record.desired, record.crashes);
    this.parts = makeRunnerParts(this.callbacks(), record, deps);
    this.inFlight = this.parts.inFlight;
    this.consumption = this.parts.consumption;
    this.tenure = new Tenure(this.parts, this.callbacks(), deps);
    if (this.isRenewed) this.lifecycle = newLifecycle(record.desired);
  }

  private callbacks(): RunnerCallbacks {
    return {
      name: this.name,
      tenantId: this.tenantId,
      service: () => this.service,
      lifecycle: () => this.lifecycle,
      request: () => this.launchRequest(),
      demand: () => this.demand,
      dispatch: (event) => this.dispatch(event),
      onDeserted: () => this.deserted(),
    };
  }

  // ---- What others see -----------------------------------------------------------------------

  get record(): InstanceRecord {
    return this.parts.records.record;
  }

  get process(): ProcessIdentity | null {
    return this.parts.current.identity;
  }

  get usage(): Usage | null {
    return this.parts.current.usage;
  }

  get upstream(): Upstream | null {
    return this.parts.gate.target?.upstream ?? null;
  }

  /** Those of its process, while it has one; else those that the next will have. */
  get paths(): InstancePaths {
    return this.parts.endpoint.pathsOf(this.parts.current.record);
  }

  get held(): number {
    return this.parts.gate.held;
  }

  /** When its process rests or, suspended, ends, if nothing more happens; ms since the epoch. */
  get sleepsAtMs(): number | null {
    return this.parts.monitor.sleepsAtMs ?? this.parts.suspension.endsAtMs;
  }

  /** How much it is needed, for who wants room. */
  get residence(): Resident {
    return residenceOf(this.lifecycle, this.service, this.parts);
  }

  /** Whether its last change could not be written into the registry. */
  get isUnsaved(): boolean {
    return this.parts.records.isUnsaved;
  }

  /** Settles when that is written, or cannot be now but for a lock, or after `timeoutMs`. */
  saved(timeoutMs: number): Promise<void> {
    return this.parts.records.saved(timeoutMs);
  }

  /** Whether its process was started with another config than it would be now. */
  get isOutdated(): boolean {
    const { record } = this.parts.current;
    return record !== null && record.spec !== this.deps.launcher.spec(this.launchRequest());
  }

  /** Or is about to have one, or has not seen the end of it. */
  get hasProcess(): boolean {
    return hasProcess(this.lifecycle.state);
  }

  /** It serves, or it has come to rest. */
  settled(): Promise<void> {
    return this.until(() => ['ready', 'suspended'].includes(this.lifecycle.state) || !this.hasProcess);
  }

  /** Settles once `reached` holds; it is asked again after every change. */
  until(reached: () => boolean): Promise<void> {
    return this.conditions.until(reached);
  }

  claim(signal: AbortSignal, again?: SecondTry, asker?: Asker): Admission | Promise<Admission> {
    return this.parts.gate.claim(signal, again, asker);
  }

  grant(): Grant | null {
    return this.parts.gate.grant();
  }

  /** Takes note of what went straight to its socket. */
  lookAtTraffic(): void {
    this.parts.monitor.lookAtTraffic();
    void this.parts.suspension.look();
  }

  // ---- What others do ------------------------------------------------------------------------

  /** Goes on with another config: at once where the process has no part in it, else from the next start on. */
  reconfigure(service: ServiceConfig): void {
    this.parts.endpoint.renew(service);
    this.service = service;
    if (!this.lifecycle.over && this.lifecycle.state !== 'ready') this.mindPublicSocket();
    this.parts.gate.renew();
    this.parts.monitor.renew();
    this.parts.suspension.renew(service.suspendTimeoutMs);
    this.endUnsuitable();
    this.consumption.renew();
    this.tryOnNewTerms();
    this.conditions.tell();
  }

  /** Whether it crashed, or is about to start, on other terms than those of now. */
  get isRenewed(): boolean {
    const { current, records } = this.parts;
    const terms = current.exists ? current.terms : (records.record.crashes.terms ?? null);
    const request = this.launchRequest();
    return terms !== null && terms !== startTerms(this.deps.launcher.spec(request), request);
  }

  /** Whether its start is under way, on the terms of now. */
  get isStartingAnew(): boolean {
    return this.lifecycle.state === 'starting' && !this.parts.current.isAdopted && !this.isRenewed;
  }

  private tryOnNewTerms(): void {
    // One that was taken back serves already: the rolling restart takes care of it.
    if (this.isRenewed && !this.parts.current.isAdopted) this.dispatch({ type: 'renewed' });
  }

  /** Takes up a process that runs already; `event` says what becomes of it. */
  takeUp(found: LaunchedProcess, event: LifecycleEvent): void {
    this.parts.current.found = found;
    this.dispatch(event);
    this.endUnsuitable();
  }

  /** Its service suspends none any more. */
  private endUnsuitable(): void {
    if (this.lifecycle.state === 'suspended' && this.service.idleAction !== 'suspend') this.dispatch({ type: 'evict' });
  }

  /** Its process ended while nobody watched. */
  lost(): void {
    this.parts.records.exited({ code: null, signal: null }, { reason: 'lost', detail: null }, []);
    this.parts.records.ended(null, null);
    this.parts.records.used();
  }

  /**
   * Lets go of its process, which lives on for the next server, once nobody is held or `hurried` settles. It starts none
   * any more.
   */
  async release(hurried: Promise<void>): Promise<void> {
    await Promise.race([this.until(() => this.held === 0), hurried]);
    this.released = true;
    this.parts.monitor.end();
    this.parts.suspension.end();
    this.cancelRetry();
    this.parts.monitor.cancelDrain();
    await this.parts.current.release();
    this.parts.records.release();
  }

  /** From now on it waits for nothing before its process is killed. */
  hurry(): void {
    this.hurried = true;
    this.dispatch({ type: 'drained', isQuiet: false });
    this.parts.current.hurry();
  }

  // ---- Events --------------------------------------------------------------------------------

  /** Takes an event; it is handled at once, or after the one being handled. */
  dispatch(event: LifecycleEvent): void {
    if (this.released) return;
    // What was killed while it was frozen ended then, and not because of what comes now.
    if (this.parts.suspension.isKilled) this.queue.push({ type: 'exited', code: null });
    this.queue.push(event);
  }

  /** Takes what an operator asks for. A start that is under way is made from now on, whoever leaves. */
  ask(event: LifecycleEvent): void {
    this.isAsked = true;
    this.dispatch(event);
    this.wokenByRequest = false;
  }

  private get demand(): Demand {
    if (this.parts.gate.held > 0) return { by: 'request', client: this.parts.gate.heldFor };
    return this.isAsked ? BY_OPERATOR : BY_SERVER;
  }

  private handle(event: LifecycleEvent): void {
    const was = this.lifecycle;
    const { isCrashExcused } = this.parts.gate;
    const at = { nowMs: this.deps.clock.nowMs(), random: this.deps.random(), isCrashExcused };
    const { next, effects } = step(was, event, lifecyclePolicy(this.service, this.deps.settings()), at);
    if (next === was) return;
    this.lifecycle = next;
    this.changed(was, event);
    for (const effect of effects) this.carryOut(effect);
    this.parts.records.tell(was, next, event, this.process?.pid ?? null);
    this.parts.gate.changed(was);
    this.conditions.tell();
  }

  /**
   * A step that was not carried out to its end. Its process cannot be relied on: it is ended and, if it is needed, started
   * again. Those who wait look at what state it is in.
   */
  private broken(event: LifecycleEvent, error: unknown): void {
    fault(this.deps.logger, error, { instance: this.name, event: event.type });
    const { state, retryAtMs } = this.lifecycle;
    const { current, gate } = this.parts;
    if (event.type === 'unfit') return void this.deps.clock.after(RETRY_MS, () => current.terminate(0));
    // What is said here is handled next, and then those who wait.
    if (state === 'starting' || state === 'ready') {
      return current.condemn('start_failed', 'an internal error of tenement', { type: 'unfit' });
    }
    if (state === 'draining') return this.dispatch({ type: 'drained', isQuiet: false });
    if (state === 'suspended') return this.dispatch({ type: 'evict' });
    if (state === 'stopping') return void current.terminate(0);
    if (retryAtMs !== null) this.retryAt(retryAtMs);
    gate.changed(this.lifecycle);
    this.conditions.tell();
  }

  private changed(was: Lifecycle, event: LifecycleEvent): void {
    const { state } = this.lifecycle;
    this.mindPublicSocket();
    if (was.state === 'ready' && state !== 'ready') this.tenure.leave();
    if (was.state === 'suspended') this.parts.suspension.end();
    if (this.hasProcess && !hasProcess(was.state)) this.deps.onStarting(this.tenantId);
    if (was.state !== state) this.cancelRetry();
    if (state !== 'starting' && state !== 'draining' && state !== 'stopping') this.isAsked = false;
    if (was.state !== state && state === 'starting') this.enterStarting(was, event);
    if (was.state !== state && state === 'ready') this.tenure.enter(was, event);
    this.parts.records.write(was, this.lifecycle, event);
  }

  /** Somebody answers at its public socket: its process, or its activation socket. */
  mindPublicSocket(): void {
    this.parts.endpoint.mind(this.lifecycle, this.parts.current.found, this.service);
  }

  private enterStarting(was: Lifecycle, event: LifecycleEvent): void {
    this.wokenByRequest = event.type === 'wake' && this.parts.gate.held > 0;
    this.parts.records.starting(was, event, this.parts.gate.held > 0);
  }

  /** A start that has not begun, that nobody waits for any more and that no operator asked for, is not made. */
  private deserted(): void {
    const unneeded = this.wokenByRequest && this.conditions.isEmpty && this.parts.current.waits;
    if (unneeded) this.dispatch({ type: 'abandoned' });
    this.conditions.tell();
  }

  // ---- Effects -------------------------------------------------------------------------------

  private carryOut(effect: Effect): void {
    switch (effect.do) {
      case 'launch':
        return this.parts.current.launch();
      case 'adopt':
        return this.parts.current.adopt(effect.suspended);
      case 'suspend':
        return this.tenure.suspend();
      case 'resume':
        return this.tenure.resume();
      case 'drain':
        if (this.hurried) return this.dispatch({ type: 'drained', isQuiet: false });
        return this.parts.monitor.drain(this.service.drainTimeoutMs, (isQuiet) =>
          this.dispatch({ type: 'drained', isQuiet }),
        );
      case 'terminate':
        this.parts.monitor.cancelDrain();
        return void this.parts.current.terminate(effect.kill || this.hurried ? 0 : this.service.stopTimeoutMs);
      case 'schedule-retry':
        return this.retryAt(effect.atMs);
      case 'blame':
        this.parts.current.assignBlame(effect.reason);
    }
  }

  launchRequest(): LaunchRequest {
    return launchRequestOf(this, this.parts.endpoint.configured, this.deps);
  }

  private retryAt(atMs: number): void {
    const { clock } = this.deps;
    this.cancelRetry();
    this.cancelRetry = clock.after(Math.max(0, atMs - clock.nowMs()), () => this.dispatch({ type: 'retry' }));
  }
}
