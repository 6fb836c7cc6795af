/**
 * The state of one instance, and the only code that changes it. Events are handled one at a time, each to its end:
 * state, registry, effects, event log, held requests. A wake and a sleep cannot race by construction.
 */
import { type Actor, SYSTEM } from '../../core/access/actor.ts';
import { actorOf } from '../../core/lifecycle/event-actor.ts';
import { hasProcess } from '../../core/lifecycle/instance.ts';
import { step } from '../../core/lifecycle/lifecycle.ts';
import type { Lifecycle, LifecycleEvent } from '../../core/lifecycle/lifecycle-events.ts';
import { lifecyclePolicy } from '../../core/lifecycle/lifecycle-policy.ts';
import { fault } from '../../faults.ts';
import { StartDemand } from '../attempt/start-demand.ts';
import { Conditions } from '../monitors/conditions.ts';
import { SerialQueue } from '../serial-queue.ts';
import { ServingPeriod } from '../serving/serving-period.ts';
import { Effects } from './effects.ts';
import type { RunnerCallbacks, RunnerDeps, RunnerParts } from './runner-parts.ts';

/** Delay before a process is ended again after its end failed. */
const RETRY_MS = 1000;

export class LifecycleMachine {
  lifecycle: Lifecycle;
  readonly conditions = new Conditions();
  readonly demand: StartDemand;
  private readonly callbacks: RunnerCallbacks;
  private readonly parts: RunnerParts;
  private readonly deps: RunnerDeps;
  private readonly servingPeriod: ServingPeriod;
  private readonly effects: Effects;
  private readonly queue = new SerialQueue<LifecycleEvent>(
    (event) => this.handle(event),
    (event, error) => this.recover(event, error),
  );
  private isReleased = false;
  /** Who made the last change. */
  private actor: Actor = SYSTEM;

  constructor(lifecycle: Lifecycle, parts: RunnerParts, callbacks: RunnerCallbacks, deps: RunnerDeps) {
    this.lifecycle = lifecycle;
    this.parts = parts;
    this.callbacks = callbacks;
    this.deps = deps;
    this.demand = new StartDemand(parts.gate);
    this.servingPeriod = new ServingPeriod(parts, callbacks, deps);
    this.effects = new Effects({
      ...{ ...callbacks, parts, servingPeriod: this.servingPeriod, clock: deps.clock },
      provision: () => deps.provision(callbacks.tenantId),
    });
  }

  /** Handles an event at once, or after the current one. */
  dispatch(event: LifecycleEvent): void {
    if (this.isReleased) return;
    // A process that was killed while frozen ended at that time, not because of this event.
    if (this.parts.suspension.isKilled) this.queue.push({ type: 'exited', code: null });
    this.queue.push(event);
  }

  /** Handles an operator's event. A start that is under way is then completed even if all clients leave. */
  ask(event: LifecycleEvent): void {
    this.demand.ask();
    this.dispatch(event);
    this.demand.asked();
  }

  /** Kills the process without waiting for anything, from now on. */
  hurry(): void {
    this.effects.hurry();
    this.dispatch({ type: 'drained', isQuiet: false });
  }

  /** Stops all changes, because the next server takes over. */
  release(): void {
    this.isReleased = true;
    this.effects.cancelRetry();
  }

  /**
   * Handles that the last held request has left. A start is abandoned if it has not begun, and no operator asked for
   * it.
   */
  deserted(): void {
    const isUnneeded = this.demand.isForRequestsAlone && this.conditions.isEmpty && this.parts.current.waits;
    if (isUnneeded) this.dispatch({ type: 'abandoned' });
    this.conditions.tell();
  }

  /** Makes the process, or the activation socket, listen at the public socket. */
  renewPublicSocket(): void {
    this.parts.endpoint.update(this.lifecycle, this.parts.current.found, this.callbacks.service());
  }

  private handle(event: LifecycleEvent): void {
    const { clock, random, settings } = this.deps;
    const { gate, records, current } = this.parts;
    const was = this.lifecycle;
    const at = { nowMs: clock.nowMs(), random: random(), isCrashExcused: gate.isCrashExcused };
    const { next, effects } = step(was, event, lifecyclePolicy(this.callbacks.service(), settings()), at);
    if (next === was) return;
    this.lifecycle = next;
    this.actor = actorOf(this.actor, event);
    this.changed(was, event);
    for (const effect of effects) this.effects.carryOut(effect);
    records.tell(was, next, event, { pid: current.identity?.pid ?? null, by: this.actor });
    gate.changed(was);
    this.conditions.tell();
  }

  private changed(was: Lifecycle, event: LifecycleEvent): void {
    const { state } = this.lifecycle;
    const isOther = was.state !== state;
    this.renewPublicSocket();
    if (was.state === 'ready' && state !== 'ready') this.servingPeriod.leave();
    if (was.state === 'suspended') this.parts.suspension.end();
    if (hasProcess(state) && !hasProcess(was.state)) this.deps.onStarting(this.callbacks.tenantId);
    if (isOther) this.effects.cancelRetry();
    this.demand.entered(state);
    if (isOther && state === 'starting') this.enterStarting(was, event);
    if (isOther && state === 'ready') this.servingPeriod.enter(was, event);
    this.parts.records.write(was, this.lifecycle, event);
  }

  private enterStarting(was: Lifecycle, event: LifecycleEvent): void {
    const isHeld = this.parts.gate.held > 0;
    this.demand.started(event.type === 'wake' && isHeld);
    this.parts.records.starting(was, event, isHeld);
  }

  /**
   * Recovers from an internal error. The step may be half done, so the process cannot be relied on: it is ended and, if
   * needed, started again. Held requests follow the resulting state.
   */
  private recover(event: LifecycleEvent, error: unknown): void {
    fault(this.deps.logger, error, { instance: this.callbacks.name, event: event.type });
    const { state, retryAtMs } = this.lifecycle;
    const { current, gate } = this.parts;
    if (event.type === 'unfit') return void this.deps.clock.after(RETRY_MS, () => current.terminate(0));
    // An event dispatched here is handled next, before held requests follow the state.
    if (state === 'starting' || state === 'ready') {
      return current.condemn('start_failed', 'an internal error of tenement', { type: 'unfit' });
    }
    if (state === 'draining') return this.dispatch({ type: 'drained', isQuiet: false });
    if (state === 'suspended') return this.dispatch({ type: 'evict' });
    if (state === 'stopping') return void current.terminate(0);
    if (retryAtMs !== null) this.effects.retryAt(retryAtMs);
    gate.changed(this.lifecycle);
    this.conditions.tell();
  }
}
