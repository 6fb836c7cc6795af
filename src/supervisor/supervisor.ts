/** The public verbs over all instances. Knows every runner; changes none but through its events. */

import { describeDiff, type Population } from '../core/diff-words.ts';
import { assertTenantId, type InstanceName, instanceName, newRecord } from '../core/instance.ts';
import type {
  Claim,
  Clock,
  EventLog,
  InstanceView,
  Launcher,
  Registry,
  SpawnOptions,
  SupervisorVerbs,
  UpstreamSource,
  UsageMeter,
} from '../core/ports.ts';
import { applicable, diffConfigs } from '../core/reconcile.ts';
import type { Config, ServiceConfig } from '../core/service.ts';
import { TenementError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { Fleet } from './fleet.ts';
import { MemoryGuard } from './memory-guard.ts';
import { type RecoveryDeps, recover, takeUp } from './recovery.ts';
import { Rollout } from './rollout.ts';
import { Runner, type RunnerDeps } from './runner.ts';
import { Saver } from './saver.ts';
import { StartSlots } from './start-slots.ts';
import { viewOf } from './view.ts';

export interface SupervisorDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly events: EventLog;
  readonly logger: Logger;
  readonly launcher: Launcher;
  readonly meter: UsageMeter;
  /** 0 to 1. */
  random(): number;
  urlOf(service: string, tenantId: string): string | null;
  /** Deletes what the instance printed. */
  removeLogs(instance: InstanceName): Promise<void>;
}

export class Supervisor implements SupervisorVerbs, UpstreamSource {
  private readonly fleet: Fleet;
  private readonly deps: SupervisorDeps;
  private readonly saver: Saver;
  private readonly runnerDeps: RunnerDeps;
  private readonly rollout: Rollout;
  private readonly retiredListeners: ((generation: number) => void)[] = [];
  private readonly memoryGuard: MemoryGuard;
  private currentConfig: Config;
  private generation = 0;
  private closing = false;

  constructor(deps: SupervisorDeps) {
    const { clock, registry, logger, events, meter } = deps;
    this.deps = deps;
    this.currentConfig = deps.config;
    this.saver = new Saver({ clock, registry, logger });
    this.runnerDeps = this.makeRunnerDeps();
    this.fleet = new Fleet({
      makeRunner: (record) => new Runner(record, this.serviceNamed(record.service), this.runnerDeps),
      publicSocketOf: ({ service, tenantId }) => this.publicSocketOf(service, tenantId),
    });
    this.rollout = new Rollout({ fleet: this.fleet, events, nowMs: () => clock.nowMs() });
    this.memoryGuard = new MemoryGuard({ clock, meter, runners: () => this.fleet });
  }

  private makeRunnerDeps(): RunnerDeps {
    const { launcher, events, logger, clock, random } = this.deps;
    return {
      settings: () => this.currentConfig.settings,
      launcher,
      saver: this.saver,
      events,
      logger,
      clock,
      random,
      slots: new StartSlots({
        limits: () => this.currentConfig.settings,
        makeRoom: () => this.makeRoom(),
      }),
      onStarting: () => this.memoryGuard.watch(),
      nextGeneration: () => {
        this.generation += 1;
        return this.generation;
      },
      onRetired: (generation) => {
        for (const listener of this.retiredListeners) listener(generation);
      },
    };
  }

  /** What is served now. */
  get config(): Config {
    return this.currentConfig;
  }

  // ---- Requests ------------------------------------------------------------------------------

  has(instance: InstanceName): boolean {
    return this.fleet.has(instance);
  }

  claim(instance: InstanceName, signal: AbortSignal): Claim | Promise<Claim> {
    const runner = this.fleet.get(instance);
    if (runner === undefined) return { refused: 'unknown_tenant', retryAfterS: null };
    return runner.claim(signal);
  }

  onRetired(listener: (generation: number) => void): void {
    this.retiredListeners.push(listener);
  }

  // ---- Verbs ---------------------------------------------------------------------------------

  async spawn(service: string, tenantId: string, options: SpawnOptions = {}) {
    const existing = this.fleet.get(instanceName(service, tenantId));
    const runner = existing ?? this.register(service, tenantId, options.env ?? {});
    // Spawning again changes nothing that an operator or a crash loop decided; it only wakes a sleeper.
    if (options.start !== false) runner.dispatch({ type: existing === undefined ? 'start' : 'wake' });
    if (options.wait !== false) await runner.settled();
    return { view: this.view(runner), created: existing === undefined };
  }

  async start(instance: InstanceName, options: { wait?: boolean | undefined } = {}): Promise<InstanceView> {
    const runner = this.fleet.find(instance);
    runner.dispatch({ type: 'start' });
    if (options.wait !== false) await runner.settled();
    return this.savedView(runner);
  }

  async stop(instance: InstanceName): Promise<InstanceView> {
    const runner = this.fleet.find(instance);
    runner.dispatch({ type: 'stop' });
    await runner.until(() => runner.lifecycle.desired !== 'stopped' || !runner.hasProcess);
    return this.savedView(runner);
  }

  async restart(instance: InstanceName): Promise<InstanceView> {
    const runner = this.fleet.find(instance);
    runner.dispatch({ type: 'restart' });
    await runner.settled();
    return this.savedView(runner);
  }

  async sleep(instance: InstanceName): Promise<InstanceView> {
    const runner = this.fleet.find(instance);
    runner.dispatch({ type: 'sleep' });
    await runner.until(() => runner.lifecycle.state !== 'draining' && runner.lifecycle.state !== 'stopping');
    return this.savedView(runner);
  }

  async remove(instance: InstanceName, options: { purge?: boolean | undefined } = {}): Promise<void> {
    const runner = this.fleet.find(instance);
    runner.dispatch({ type: 'remove' });
    await runner.until(() => runner.lifecycle.over);
    if (this.fleet.get(instance) !== runner) return;
    this.unregister(runner);
    const { clock, events, launcher } = this.deps;
    const purged = options.purge === true && !this.fleet.hasOtherOf(runner.tenantId);
    if (options.purge === true) await this.deps.removeLogs(instance);
    if (purged) await launcher.deleteTenantDir(runner.tenantId);
    const message = purged ? 'unregistered, its directory deleted' : 'unregistered, its directory kept';
    events.append({ atMs: clock.nowMs(), type: 'removed', instance, message, data: { purged } });
  }

  get(instance: InstanceName): InstanceView {
    return this.view(this.fleet.find(instance));
  }

  list(): InstanceView[] {
    const views = Array.from(this.fleet.everyone(), (runner) => this.view(runner));
    return views.sort((a, b) => (a.instance < b.instance ? -1 : 1));
  }

  /** How many are served. */
  get size(): number {
    return this.fleet.size;
  }

  // ---- The life of the server ----------------------------------------------------------------

  /** Takes up what the registry knows and what an earlier server left running, and starts what should run. */
  async open(): Promise<void> {
    await this.deps.launcher.prepare();
    const records = this.deps.registry.list();
    await recover(records, this.recoveryDeps());
    for (const { service, tenantId } of this.currentConfig.instances) this.startConfigured(service, tenantId);
    for (const { service, tenantId, desired } of records) {
      const always = this.currentConfig.services.get(service)?.idleTimeoutMs === 0 && desired === 'up';
      if (always) this.startConfigured(service, tenantId);
    }
    for (const service of this.currentConfig.services.keys()) void this.rollout.start(service);
  }

  /** Ends every process, in parallel; what was up is remembered as up. Settles when none is left. */
  async close(): Promise<void> {
    this.closing = true;
    this.rollout.end();
    const runners = [...this.fleet];
    for (const runner of runners) runner.dispatch({ type: 'close' });
    await Promise.all(runners.map((runner) => runner.until(() => runner.lifecycle.over)));
    await this.finish();
  }

  /** Leaves every process running, for the next server to take back. */
  async leave(): Promise<void> {
    this.closing = true;
    this.rollout.end();
    for (const runner of this.fleet) runner.release();
    await this.finish();
  }

  private async finish(): Promise<void> {
    this.saver.flush();
    this.memoryGuard.end();
    await this.deps.launcher.close();
  }

  // ---- Another config ------------------------------------------------------------------------

  /**
   * Goes over to it: new services are served, removed ones drain and end, changed ones restart one by one.
   * Returns a sentence for each change.
   */
  apply(config: Config): string[] {
    const diff = diffConfigs(this.currentConfig, config);
    const words = describeDiff(diff, (service) => this.population(service));
    this.currentConfig = applicable(this.currentConfig, config);
    for (const name of diff.removed) this.retireAll(name);
    for (const { name } of diff.changed) this.reconfigure(this.serviceNamed(name));
    if (diff.added.length > 0) this.takeUpAdded(new Set(diff.added));
    for (const { service, tenantId } of diff.instances) this.startConfigured(service, tenantId);
    for (const { name, restarts } of diff.changed) if (restarts) void this.rollout.start(name);
    return words;
  }

  private population(service: string): Population {
    const running = this.fleet.ofService(service).filter(({ hasProcess }) => hasProcess).length;
    return { registered: this.fleet.countOf(service), running };
  }

  private reconfigure(service: ServiceConfig): void {
    for (const runner of this.fleet.ofService(service.name)) runner.reconfigure(service);
    this.fleet.renewSockets(service.name);
  }

  private takeUpAdded(names: ReadonlySet<string>): void {
    const records = this.deps.registry.list().filter(({ service }) => names.has(service));
    const deps = this.recoveryDeps();
    for (const record of records)
      if (!this.fleet.has(instanceName(record.service, record.tenantId))) takeUp(record, deps);
  }

  private retireAll(service: string): void {
    this.fleet.forgetSleepers(service);
    for (const runner of this.fleet.ofService(service)) void this.retire(runner);
  }

  /** Its service is gone: it ends, and is remembered. */
  private async retire(runner: Runner): Promise<void> {
    runner.dispatch({ type: 'close' });
    await runner.until(() => runner.lifecycle.over);
    this.fleet.forget(runner);
  }

  private recoveryDeps(): RecoveryDeps {
    const { launcher, logger, clock } = this.deps;
    const hasService = (name: string) => this.currentConfig.services.has(name);
    return { launcher, logger, fleet: this.fleet, hasService, nowMs: () => clock.nowMs() };
  }

  private startConfigured(service: string, tenantId: string): void {
    const runner = this.fleet.get(instanceName(service, tenantId)) ?? this.register(service, tenantId, {});
    if (runner.lifecycle.state === 'asleep') runner.dispatch({ type: 'start' });
  }

  // ---- Registration --------------------------------------------------------------------------

  private register(name: string, tenantId: string, env: Readonly<Record<string, string>>): Runner {
    if (this.closing) throw new TenementError('shutting_down', 'the server is stopping');
    this.serviceNamed(name);
    assertTenantId(tenantId);
    const { clock, registry, events } = this.deps;
    const instance = instanceName(name, tenantId);
    const record = newRecord(name, tenantId, { ...env }, clock.nowMs());
    this.fleet.assertOwnSocket(record);
    try {
      registry.save(record, true);
    } catch (error) {
      throw unwritten(`${instance} is not registered`, error);
    }
    this.fleet.add(record);
    events.append({ atMs: clock.nowMs(), type: 'spawned', instance, message: 'registered', data: {} });
    return this.fleet.find(instance);
  }

  private publicSocketOf(name: string, tenantId: string): string | null {
    const service = this.currentConfig.services.get(name);
    return service === undefined ? null : this.deps.launcher.paths(service, tenantId).publicSocket;
  }

  private unregister(runner: Runner): void {
    try {
      this.deps.registry.remove(runner.service.name, runner.tenantId);
    } catch (error) {
      throw unwritten(`${runner.name} has ended, but is still registered`, error);
    }
    this.fleet.forget(runner);
  }

  private serviceNamed(name: string): ServiceConfig {
    const service = this.currentConfig.services.get(name);
    if (service !== undefined) return service;
    const known = [...this.currentConfig.services.keys()].join(', ');
    throw new TenementError('unknown_service', `there is no service ${JSON.stringify(name)}`, {
      hint: `Services in the config: ${known}.`,
    });
  }

  /** @throws {TenementError} `state_failed` when what was done would be forgotten with this server */
  private savedView(runner: Runner): InstanceView {
    if (!runner.isUnsaved) return this.view(runner);
    throw unwritten(`${runner.name} is ${runner.lifecycle.state}, and that will be forgotten`, null);
  }

  private view(runner: Runner): InstanceView {
    return viewOf(runner, { nowMs: this.deps.clock.nowMs(), urlOf: this.deps.urlOf });
  }

  private async makeRoom(): Promise<boolean> {
    const idle = [...this.fleet].filter((runner) => runner.isIdle);
    idle.sort((a, b) => a.inFlight.lastActivityAtMs - b.inFlight.lastActivityAtMs);
    const [oldest] = idle;
    if (oldest === undefined) return false;
    oldest.dispatch({ type: 'sleep' });
    await oldest.until(() => !oldest.hasProcess);
    return true;
  }
}

function unwritten(what: string, error: unknown): TenementError {
  const why = error instanceof Error ? error.message : 'the registry cannot be written';
  return new TenementError('state_failed', `${what}: ${why}`, { cause: error });
}
