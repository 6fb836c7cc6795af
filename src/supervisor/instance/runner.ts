/** One instance as the rest of the supervisor sees it. `LifecycleMachine` changes its state. */
import { CONFIG } from '../../core/access/actor.ts';
import type { EvictionCandidate } from '../../core/admission/eviction.ts';
import type { Admission, Grant, Requester, SecondTry } from '../../core/admission/serving.ts';
import {
  hasProcess,
  type InstanceName,
  type InstanceOverrides,
  type InstanceRecord,
  instanceName,
  type ProcessIdentity,
} from '../../core/lifecycle/instance.ts';
import { newLifecycle } from '../../core/lifecycle/lifecycle.ts';
import type { Lifecycle, LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import { halted } from '../../core/lifecycle/transitions/moves.ts';
import type { InstancePaths, LaunchedProcess, LaunchRequest, Upstream, Usage } from '../../core/ports.ts';
import { type EffectiveService, effectiveService } from '../../core/service/effective-service.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import type { Consumption } from '../activity/consumption.ts';
import { evictionCandidateOf } from '../admission/eviction-candidate.ts';
import { launchRequestOf } from '../attempt/launch-request.ts';
import { StartTermsCheck } from '../attempt/start-terms-check.ts';
import type { InstanceActivity } from '../serving/instance-activity.ts';
import { LifecycleMachine } from './lifecycle-machine.ts';
import { makeRunnerParts, type RunnerCallbacks, type RunnerDeps, type RunnerParts } from './runner-parts.ts';

export class Runner {
  readonly name: InstanceName;
  readonly tenantId: string;
  /** Its service as it applies to this instance. */
  service: EffectiveService;
  readonly inFlight: InstanceActivity;
  readonly consumption: Consumption;
  private readonly deps: RunnerDeps;
  private readonly parts: RunnerParts;
  private readonly machine: LifecycleMachine;
  private readonly terms: StartTermsCheck;

  constructor(record: InstanceRecord, service: ServiceConfig, deps: RunnerDeps) {
    this.name = instanceName(record.service, record.tenantId);
    this.tenantId = record.tenantId;
    this.service = effectiveService(service, deps.termsOf(record.tenantId), record);
    this.deps = deps;
    const callbacks = this.callbacks();
    const parts = makeRunnerParts(callbacks, record, deps);
    this.parts = parts;
    this.inFlight = parts.inFlight;
    this.consumption = parts.consumption;
    this.terms = new StartTermsCheck({ ...callbacks, ...parts, launcher: deps.launcher });
    const crashes = this.isRenewed ? undefined : record.crashes;
    const hold = deps.isTenantHeld(this.tenantId) ? 'held' : 'none';
    const hooks = deps.awaitsHooks(this.name) ? 'held' : 'none';
    const lifecycle: Lifecycle = { ...newLifecycle(record.desired, crashes), hold, hooks };
    const first = deps.isHalted(this.name) ? halted(lifecycle) : lifecycle;
    this.machine = new LifecycleMachine(first, parts, callbacks, deps);
  }

  private callbacks(): RunnerCallbacks {
    return {
      name: this.name,
      tenantId: this.tenantId,
      service: () => this.service,
      lifecycle: () => this.lifecycle,
      request: () => this.launchRequest(),
      demand: () => this.machine.demand.now,
      dispatch: (event) => this.dispatch(event),
      onDeserted: () => this.machine.deserted(),
    };
  }

  // ---- State ---------------------------------------------------------------------------------

  get lifecycle(): Lifecycle {
    return this.machine.lifecycle;
  }

  get record(): InstanceRecord {
    return this.parts.records.record;
  }

  get process(): ProcessIdentity | null {
    return this.parts.current.identity;
  }

  /** What the last health check of a start found; null: there was none. */
  get lastHealth(): string | null {
    return this.parts.current.launched?.lastHealth ?? null;
  }

  get usage(): Usage | null {
    return this.parts.current.usage;
  }

  get upstream(): Upstream | null {
    return this.parts.gate.target?.upstream ?? null;
  }

  /** Paths of its process; without a process, those of the next one. */
  get paths(): InstancePaths {
    return this.parts.endpoint.pathsOf(this.parts.current.record);
  }

  /** How many requests wait for it. */
  get held(): number {
    return this.parts.gate.held;
  }

  /** When the process goes to sleep or, if suspended, ends, unless something happens before; ms since the epoch. */
  get sleepsAtMs(): number | null {
    return this.parts.monitor.sleepsAtMs ?? this.parts.suspension.endsAtMs;
  }

  /** How much it is needed, for eviction. */
  get evictionCandidate(): EvictionCandidate {
    return evictionCandidateOf(this.lifecycle, this.service, this.parts, this.deps.clock.nowMs());
  }

  /** Whether its last change could not be written into the registry. */
  get isUnsaved(): boolean {
    return this.parts.records.isUnsaved;
  }

  /** Whether its process was started with another config than a new one would be. */
  get isOutdated(): boolean {
    return this.terms.isOutdated;
  }

  /** Whether its last crash, or the current start, was on other terms than the current ones. */
  get isRenewed(): boolean {
    return this.terms.isRenewed;
  }

  /** Whether its start is under way on the current terms. */
  get isStartingAnew(): boolean {
    return this.lifecycle.state === 'starting' && !this.parts.current.isAdopted && !this.isRenewed;
  }

  /** Whether it has a process, is about to have one, or has not seen the end of one. */
  get hasProcess(): boolean {
    return hasProcess(this.lifecycle.state);
  }

  launchRequest(): LaunchRequest {
    return launchRequestOf(this, this.parts.endpoint.configured, this.deps);
  }

  // ---- Waiting -------------------------------------------------------------------------------

  /** Settles when its changes are written, when a failure other than a lock stops that, or after `timeoutMs`. */
  saved(timeoutMs: number): Promise<void> {
    return this.parts.records.saved(timeoutMs);
  }

  /** Settles once it serves, or has no process and is not about to get one. */
  settled(): Promise<void> {
    const serves = () => ['ready', 'suspended'].includes(this.lifecycle.state);
    return this.until(() => serves() || (!this.hasProcess && this.lifecycle.hold !== 'wanted'));
  }

  /** Settles once `reached` returns true, which is checked after every change. */
  until(reached: () => boolean): Promise<void> {
    return this.machine.conditions.until(reached);
  }

  claim(signal: AbortSignal, again?: SecondTry, requester?: Requester): Admission | Promise<Admission> {
    return this.parts.gate.claim(signal, again, requester);
  }

  grant(): Grant | null {
    return this.parts.gate.grant();
  }

  // ---- Actions -------------------------------------------------------------------------------

  /** Handles an event at once, or after the current one. */
  dispatch(event: LifecycleEvent): void {
    this.machine.dispatch(event);
  }

  /** Handles an operator's event. A start that is under way is then completed even if all clients leave. */
  ask(event: LifecycleEvent): void {
    this.machine.ask(event);
  }

  /** Keeps its process awake for a time, as the process asked; 0: no longer. Does nothing unless it serves. */
  stayAwake(ms: number): void {
    this.inFlight.busyUntilMs = this.deps.clock.nowMs() + ms;
    this.parts.monitor.renew();
  }

  /** Looks for direct traffic to its socket. */
  lookAtTraffic(): void {
    this.parts.monitor.lookAtTraffic();
    void this.parts.suspension.look();
  }

  /** Changes what is its own, from the next `reconfigure` on. */
  override(own: InstanceOverrides): void {
    this.parts.records.override(own);
  }

  /** Its tenant was closed or opened: held requests are answered, and grants end. */
  tenantChanged(): void {
    this.parts.gate.tenantChanged();
  }

  renewPublicSocket(): void {
    this.machine.renewPublicSocket();
  }

  /** Applies another config or other terms of its tenant: at once as far as the process is not concerned, the rest from the next start on. */
  reconfigure(service: ServiceConfig): void {
    const effective = effectiveService(service, this.deps.termsOf(this.tenantId), this.record);
    this.parts.endpoint.renew(effective);
    const isSwitched = effective.publicSocket !== this.service.publicSocket;
    this.service = effective;
    this.renewEndpoint(isSwitched);
    this.parts.gate.renew();
    this.parts.monitor.renew();
    this.parts.suspension.renew(effective.suspendTimeoutMs);
    this.endUnsuitable();
    this.consumption.renew();
    // An adopted process serves already; the rolling restart replaces it.
    if (this.isRenewed && !this.parts.current.isAdopted) this.dispatch({ type: 'renewed' });
    this.machine.conditions.tell();
  }

  /** @param isSwitched whether its public socket is served by another from now on */
  private renewEndpoint(isSwitched: boolean): void {
    const { lifecycle, service } = this;
    if (lifecycle.over) return;
    if (isSwitched) return this.switchEndpoint();
    if (lifecycle.state !== 'ready' || service.publicSocket === 'proxied') this.renewPublicSocket();
  }

  private switchEndpoint(): void {
    const { endpoint, current, monitor, suspension } = this.parts;
    const reason = endpoint.switch(this.lifecycle, current, this.service);
    if (reason !== null) this.deps.logger.error({ instance: this.name, reason }, 'its public socket was not switched');
    monitor.switched();
    suspension.switched();
  }

  /** Takes up a running process. @param event what happens to it */
  takeUp(found: LaunchedProcess, event: LifecycleEvent): void {
    this.parts.current.found = found;
    this.dispatch(event);
    this.endUnsuitable();
  }

  /** Ends a suspended process whose service no longer suspends. */
  private endUnsuitable(): void {
    const isUnsuitable = this.lifecycle.state === 'suspended' && this.service.idleAction !== 'suspend';
    if (isUnsuitable) this.dispatch({ type: 'evict', by: CONFIG });
  }

  /** Records that its process ended while no server ran. */
  lost(): void {
    this.parts.records.exited({ code: null, signal: null }, { reason: 'lost', detail: null }, []);
    this.parts.records.ended(null, null);
    this.parts.usage.ended(null);
    this.parts.records.used();
  }

  /** Kills its process as soon as possible, without waiting for requests. */
  hurry(): void {
    this.machine.hurry();
    this.parts.current.hurry();
  }

  /** Bounds the drain that is under way, from now on, instead of its service's `drain_timeout`; undefined: does nothing. */
  limitDrain(timeoutMs: number | undefined): void {
    if (timeoutMs !== undefined) this.parts.monitor.limitDrain(timeoutMs);
  }

  /** Leaves its process to the next server, once no request is held or `hurried` settles. No further process starts. */
  async release(hurried: Promise<void>): Promise<void> {
    await Promise.race([this.until(() => this.held === 0), hurried]);
    this.machine.release();
    this.parts.monitor.end();
    this.parts.suspension.end();
    this.parts.monitor.cancelDrain();
    await this.parts.current.release();
    this.parts.records.release();
  }
}
