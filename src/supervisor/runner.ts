/**
 * The one place that changes an instance's state. Events are handled one at a time, to the end: state,
 * registry, effects, news, held requests. A wake and a sleep cannot race by construction.
 */
import { admission } from '../core/admission.ts';
import {
  type ExitReason,
  type InstanceName,
  type InstanceRecord,
  instanceName,
  type ProcessIdentity,
} from '../core/instance.ts';
import {
  type Effect,
  type Lifecycle,
  type LifecycleEvent,
  type LifecyclePolicy,
  newLifecycle,
  step,
} from '../core/lifecycle.ts';
import type {
  Claim,
  InstancePaths,
  LaunchedProcess,
  Launcher,
  Lease,
  ProcessExit,
  Refusal,
  Upstream,
  Usage,
} from '../core/ports.ts';
import type { ServiceConfig, Settings } from '../core/service.ts';
import { Attempt } from './attempt.ts';
import { IdleTimer } from './idle-timer.ts';
import { InFlight } from './in-flight.ts';
import { type Blame, Journal, type JournalDeps } from './journal.ts';
import { CountedLease } from './lease.ts';
import { startProber } from './prober.ts';
import type { StartSlots } from './start-slots.ts';
import { WakeGate } from './wake-gate.ts';

/** Lines of output that are kept with an exit. */
const LAST_LINES = 20;

export interface RunnerDeps extends JournalDeps {
  readonly settings: Settings;
  readonly launcher: Launcher;
  readonly slots: StartSlots;
  /** 0 to 1. */
  random(): number;
  /** A number that no process had before. */
  nextGeneration(): number;
  onRetired(generation: number): void;
}

export class Runner {
  readonly name: InstanceName;
  readonly tenantId: string;
  readonly service: ServiceConfig;
  readonly paths: InstancePaths;
  readonly inFlight: InFlight;
  lifecycle: Lifecycle;
  usage: Usage | null = null;
  private readonly journal: Journal;
  private readonly idle: IdleTimer;
  private readonly deps: RunnerDeps;
  private readonly policy: LifecyclePolicy;
  private readonly gate: WakeGate;
  private readonly queue: LifecycleEvent[] = [];
  private readonly watchers = new Set<() => void>();
  private handling = false;
  private attempt: Attempt | null = null;
  private serving: { process: LaunchedProcess; generation: number } | null = null;
  private blame: Blame | null = null;
  private cancelRetry = () => {};
  private cancelDrain = () => {};
  private endProber = () => {};

  constructor(record: InstanceRecord, service: ServiceConfig, deps: RunnerDeps) {
    this.name = instanceName(record.service, record.tenantId);
    this.tenantId = record.tenantId;
    this.service = service;
    this.deps = deps;
    this.paths = deps.launcher.paths(service, record.tenantId);
    this.policy = { restart: service.restart, backoff: backoffPolicy(deps.settings) };
    this.lifecycle = newLifecycle(record.desired);
    this.gate = new WakeGate(service.wakeQueue);
    this.inFlight = new InFlight(record.requests, record.lastActivityAtMs ?? 0);
    this.journal = new Journal(record, this.inFlight, deps);
    this.idle = new IdleTimer({
      clock: deps.clock,
      idleTimeoutMs: service.idleTimeoutMs,
      activity: () => this.inFlight.activity,
      onIdle: () => this.dispatch({ type: 'sleep' }),
    });
  }

  // ---- What others see -----------------------------------------------------------------------

  get record(): InstanceRecord {
    return this.journal.record;
  }

  get process(): ProcessIdentity | null {
    return this.attempt?.process?.identity ?? null;
  }

  get upstream(): Upstream | null {
    return this.serving?.process.upstream ?? null;
  }

  get held(): number {
    return this.gate.size;
  }

  /** When it goes to sleep if nothing more happens, ms since the epoch. */
  get sleepsAtMs(): number | null {
    return this.lifecycle.state === 'ready' ? this.idle.dueAtMs : null;
  }

  /** Ready and with nothing open: may be put to sleep to make room. */
  get isIdle(): boolean {
    return this.lifecycle.state === 'ready' && this.inFlight.activity.open === 0;
  }

  /** Settles once `reached` holds; it is asked again after every change. */
  until(reached: () => boolean): Promise<void> {
    if (reached()) return Promise.resolve();
    return new Promise((resolve) => {
      const watcher = () => {
        if (!reached()) return;
        this.watchers.delete(watcher);
        resolve();
      };
      this.watchers.add(watcher);
    });
  }

  /** Takes a measurement; over the limit it ends, reason `oom`. */
  measured(usage: Usage): void {
    this.usage = usage;
    const limit = this.service.memoryLimitBytes;
    if (limit === null || usage.memoryBytes <= limit) return;
    const detail = `used ${usage.memoryBytes} bytes of ${limit}`;
    if (this.lifecycle.state !== 'stopping') this.blameAndDispatch('oom', detail, { type: 'over-memory' });
  }

  // ---- Requests ------------------------------------------------------------------------------

  claim(signal: AbortSignal): Claim | Promise<Claim> {
    const answer = this.admission();
    if (answer === 'forward') return this.lease(null);
    if (typeof answer === 'object') return answer;
    const claim = this.gate.hold(this.deps.clock.nowMs(), signal);
    if (answer === 'wake' && !('refused' in claim)) this.dispatch({ type: 'wake' });
    return claim;
  }

  private admission() {
    return admission(this.lifecycle, this.service.startupTimeoutMs, this.deps.clock.nowMs());
  }

  private lease(heldSinceMs: number | null): Lease | Refusal {
    const serving = this.serving;
    if (serving === null) return { refused: 'starting', retryAfterS: 1 };
    const nowMs = this.deps.clock.nowMs();
    this.inFlight.begin(nowMs);
    const target = {
      instance: this.name,
      tenantId: this.tenantId,
      upstream: serving.process.upstream,
      generation: serving.generation,
      requestTimeoutMs: this.service.requestTimeoutMs,
    };
    const heldMs = heldSinceMs === null ? null : nowMs - heldSinceMs;
    return new CountedLease(target, heldMs, this.inFlight, (kind) => this.released(kind));
  }

  private released(kind: 'request' | 'stream'): void {
    this.inFlight.end(kind, this.deps.clock.nowMs());
    if (this.lifecycle.state === 'ready' && this.inFlight.activity.open === 0) this.idle.arm();
  }

  // ---- Events --------------------------------------------------------------------------------

  /** Takes an event; it is handled at once, or after the one being handled. */
  dispatch(event: LifecycleEvent): void {
    this.queue.push(event);
    if (this.handling) return;
    this.handling = true;
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) this.handle(next);
    this.handling = false;
  }

  private handle(event: LifecycleEvent): void {
    const was = this.lifecycle;
    const at = { nowMs: this.deps.clock.nowMs(), random: this.deps.random() };
    const { next, effects } = step(was, event, this.policy, at);
    if (next === was) return;
    this.lifecycle = next;
    this.changed(was, event);
    for (const effect of effects) this.carryOut(effect);
    this.journal.tell(was, next, event, this.process?.pid ?? null);
    this.settleHeld(was);
    for (const watcher of [...this.watchers]) watcher();
  }

  private changed(was: Lifecycle, event: LifecycleEvent): void {
    const { state } = this.lifecycle;
    if (was.state === 'ready' && state !== 'ready') this.leaveReady();
    if (was.state !== state) this.cancelRetry();
    if (was.state !== state && state === 'starting') this.journal.starting(event, this.gate.size > 0);
    if (state === 'ready') this.enterReady();
    this.journal.write(was, this.lifecycle);
  }

  private settleHeld(was: Lifecycle): void {
    if (this.gate.size === 0) return;
    const answer = this.admission();
    if (answer === 'forward') return this.gate.admit((sinceMs) => this.lease(sinceMs));
    if (typeof answer === 'object') return this.gate.refuse(answer);
    if (answer !== 'wake') return;
    if (was.state === 'starting') return this.gate.refuse({ refused: 'at_capacity', retryAfterS: 1 });
    if (was.next === 'crash') return this.gate.refuse({ refused: 'start_failed', retryAfterS: 1 });
    this.dispatch({ type: 'wake' });
  }

  // ---- Effects -------------------------------------------------------------------------------

  private carryOut(effect: Effect): void {
    switch (effect.do) {
      case 'launch':
        return this.launch();
      case 'drain':
        return this.drain();
      case 'terminate':
        return void this.terminate(effect.kill);
      case 'schedule-retry':
        this.cancelRetry = this.after(effect.atMs - this.deps.clock.nowMs(), () => this.dispatch({ type: 'retry' }));
        return;
      case 'blame':
        this.assignBlame(effect.reason);
    }
  }

  private after(delayMs: number, run: () => void): () => void {
    return this.deps.clock.after(Math.max(0, delayMs), run);
  }

  private launch(): void {
    const { service, tenantId, deps } = this;
    this.blame = null;
    const request = { instance: this.name, service, tenantId, env: this.record.env, paths: this.paths };
    this.attempt = new Attempt({
      launcher: deps.launcher,
      clock: deps.clock,
      slots: deps.slots,
      request,
      hooks: {
        onNoRoom: () => this.dispatch({ type: 'no-room' }),
        onLaunchFailed: (detail) => this.blameAndDispatch('spawn_failed', detail, { type: 'launch-failed' }),
        onLaunched: (process) => this.journal.launched(process.identity),
        onReady: () => this.dispatch({ type: 'ready' }),
        onStartupTimeout: (detail) => this.blameAndDispatch('startup_timeout', detail, { type: 'startup-timeout' }),
        onExited: (exit) => this.exited(exit),
      },
    });
  }

  private blameAndDispatch(reason: ExitReason, detail: string, event: LifecycleEvent): void {
    this.blame = { reason, detail };
    this.dispatch(event);
  }

  private assignBlame(reason: ExitReason): void {
    this.blame ??= { reason, detail: null };
    if (reason !== 'spawn_failed') return;
    this.noteExit({ code: null, signal: null });
  }

  private exited(exit: ProcessExit): void {
    this.noteExit(exit);
    this.dispatch({ type: 'exited', code: exit.code });
  }

  private noteExit(exit: ProcessExit): void {
    this.journal.exited(exit, this.blame, this.attempt?.process?.lastLines(LAST_LINES) ?? []);
  }

  private drain(): void {
    const done = () => {
      this.cancelDrain();
      this.dispatch({ type: 'drained' });
    };
    this.cancelDrain = this.after(this.service.drainTimeoutMs, done);
    this.inFlight.onDrained(done);
  }

  private async terminate(kill: boolean): Promise<void> {
    this.cancelDrain();
    const attempt = this.attempt;
    await attempt?.terminate(kill ? 0 : this.service.stopTimeoutMs);
    this.journal.ended(attempt?.process?.lastLines(LAST_LINES) ?? null);
    this.attempt = null;
    this.usage = null;
    this.dispatch({ type: 'ended' });
  }

  // ---- Ready ---------------------------------------------------------------------------------

  private enterReady(): void {
    const process = this.attempt?.process;
    if (process === undefined || process === null) return;
    const { clock, settings } = this.deps;
    this.serving = { process, generation: this.deps.nextGeneration() };
    this.journal.ready();
    this.idle.arm();
    this.endProber = startProber({
      clock,
      intervalMs: settings.healthCheckIntervalMs,
      probe: () => process.probe(),
      onUnhealthy: (detail) => this.blameAndDispatch('unhealthy', detail, { type: 'unhealthy' }),
    });
  }

  private leaveReady(): void {
    this.idle.disarm();
    this.endProber();
    if (this.serving !== null) this.deps.onRetired(this.serving.generation);
    this.serving = null;
  }
}

function backoffPolicy(settings: Settings) {
  return {
    baseMs: settings.backoffBaseMs,
    maxMs: settings.backoffMaxMs,
    maxRestarts: settings.maxRestarts,
    windowMs: settings.restartWindowMs,
  };
}
