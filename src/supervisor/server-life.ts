/** The life of the server: what its supervisor works on, from taking it up to leaving it, and each config in between. */

import type { House } from '../core/admission/eviction.ts';
import { describeDiff } from '../core/input/diff-words.ts';
import type { SpawnOptions } from '../core/input/verbs.ts';
import { instanceName, parseInstanceName, type TenantsOwn } from '../core/lifecycle/instance.ts';
import { applicable, diffConfigs } from '../core/lifecycle/reconcile.ts';
import { effectiveLimits } from '../core/limits/limits.ts';
import type { LaunchRequest, LaunchResult } from '../core/ports.ts';
import { assertSameUser } from '../core/service/same-user.ts';
import { type Config, type ListedInstance, type ServiceConfig, serviceNamed } from '../core/service/service.ts';
import { isLockedOut, TenementError } from '../errors.ts';
import { turns } from '../event-loop-turns.ts';
import { detached, fault } from '../faults.ts';
import { Generations } from './activity/generations.ts';
import { makeRoom } from './admission/eviction.ts';
import { type StartLimits, StartSlots, startLimits } from './admission/start-slots.ts';
import { StartTimes } from './admission/start-times.ts';
import { Runner } from './instance/runner.ts';
import type { RunnerDeps } from './instance/runner-parts.ts';
import { type Address, InstanceTable } from './instance-table.ts';
import { Monitors } from './monitors/monitors.ts';
import { reconfigure } from './reconfiguration.ts';
import { type RecoveryDeps, recover } from './recovery.ts';
import { Registrar } from './registrar.ts';
import { RollingRestart } from './rolling-restart.ts';
import type { SupervisorDeps } from './supervisor-deps.ts';
import { WriteBehind } from './write-behind.ts';

/** How long the end waits until all is written where another process holds the registry's lock; what is not is lost. */
const LAST_WAIT_MS = 10_000;

export abstract class ServerLife {
  protected readonly instanceTable: InstanceTable;
  protected readonly deps: SupervisorDeps;
  protected readonly writeBehind: WriteBehind;
  protected readonly runnerDeps: RunnerDeps;
  protected readonly registrar: Registrar;
  protected readonly rollingRestart: RollingRestart;
  protected readonly generations = new Generations();
  protected readonly monitors: Monitors;
  protected currentConfig: Config;
  protected closing = false;

  constructor(deps: SupervisorDeps) {
    const { clock, registry, logger, events } = deps;
    this.deps = deps;
    this.currentConfig = deps.config;
    this.writeBehind = new WriteBehind({ clock, registry, logger });
    this.runnerDeps = this.makeRunnerDeps();
    this.instanceTable = new InstanceTable({
      makeRunner: (record) => new Runner(record, this.serviceNamed(record.service), this.runnerDeps),
      activationSockets: deps.activationSockets,
      logger,
      addressOf: ({ service, tenantId }) => this.addressOf(service, tenantId),
    });
    this.registrar = new Registrar({
      ...deps,
      instanceTable: this.instanceTable,
      assertService: (name) => void this.serviceNamed(name),
      assertSameUser: (name, tenantId) => this.assertSameUser(name, tenantId),
    });
    this.rollingRestart = new RollingRestart({ instanceTable: this.instanceTable, events, nowMs: () => clock.nowMs() });
    this.monitors = new Monitors({
      ...deps,
      runners: () => this.instanceTable,
      memoryReserveBytes: () => this.currentConfig.settings.memoryReserveBytes,
    });
    this.instanceTable.onRegistration((name) => this.monitors.registered(parseInstanceName(name).tenantId));
  }

  private makeRunnerDeps(): RunnerDeps {
    const { launcher, activationSockets, events, logger, clock, random, webAddressOf } = this.deps;
    return {
      webAddressOf,
      activationSockets,
      settings: () => this.currentConfig.settings,
      launcher: { ...launcher, launch: (request) => this.launch(request) },
      writeBehind: this.writeBehind,
      events,
      logger,
      clock,
      random,
      slots: new StartSlots({
        limits: () => this.limits,
        makeRoom: (demand) => makeRoom(this.instanceTable, demand, this.house).catch((error) => this.noRoom(error)),
      }),
      startTimes: new StartTimes(),
      generations: this.generations,
      connections: () => this.monitors.connections(),
      onStarting: (tenantId) => this.monitors.started(tenantId),
    };
  }

  private get house(): House {
    return { maxRunning: this.limits.maxRunning, nowMs: this.deps.clock.nowMs() };
  }

  private get limits(): StartLimits {
    return startLimits(this.currentConfig.settings, this.deps.descriptors, this.instanceTable.size);
  }

  /** What nobody expects while room was made: there is none, and the others have their turn. */
  private noRoom(error: unknown): boolean {
    fault(this.deps.logger, error);
    return false;
  }

  /** A config that changed since they were registered may make a tenant's services disagree. */
  private async launch(request: LaunchRequest): Promise<LaunchResult> {
    try {
      this.assertSameUser(request.service.name, request.tenantId);
    } catch (error) {
      return { ok: false, detail: error instanceof TenementError ? `${error.message}. ${error.hint}` : String(error) };
    }
    return this.deps.launcher.launch(request);
  }

  protected assertSameUser(service: string, tenantId: string): void {
    const { services } = this.currentConfig;
    const others = [...services.values()].filter(({ name }) => this.instanceTable.has(instanceName(name, tenantId)));
    assertSameUser(this.serviceNamed(service), others, tenantId);
  }

  /** What is served now. */
  get config(): Config {
    return this.currentConfig;
  }

  // ---- The life of the server ----------------------------------------------------------------

  /** Takes up what the registry knows and what an earlier server left running, and starts what should run. */
  async open(): Promise<void> {
    this.deps.launcher.assertHostGives(this.currentConfig.services.values());
    await this.deps.launcher.prepare();
    const records = this.deps.registry.list();
    await recover(records, this.recoveryDeps());
    for (const instance of this.currentConfig.instances) this.takeIn(instance);
    for (const { service, tenantId, desired } of records) {
      const always = this.currentConfig.services.get(service)?.idleTimeoutMs === 0 && desired === 'up';
      if (always) this.takeIn({ service, tenantId, start: true });
    }
    const { logger } = this.deps;
    for (const service of this.currentConfig.services.keys())
      detached(logger, { service }, this.rollingRestart.start(service));
  }

  /**
   * Ends every process, in parallel; what was up is remembered as up. Settles when none is left. Once `hurry` aborts
   * they are killed; after `drainTimeoutMs` none waits for its requests.
   */
  async close({ hurry, drainTimeoutMs }: { hurry?: AbortSignal; drainTimeoutMs?: number } = {}): Promise<void> {
    this.beginEnd();
    const runners = [...this.instanceTable];
    for (const runner of runners) turns.do(() => runner.dispatch({ type: 'close' }));
    onceAborted(hurry, () => runners.forEach((runner) => void turns.do(() => runner.hurry())));
    const patience = drainTimeoutMs === undefined ? () => {} : this.endDrainsIn(drainTimeoutMs, runners);
    await Promise.all(runners.map((runner) => runner.until(() => runner.lifecycle.over)));
    patience();
    await this.finish();
  }

  /** Returns what calls it off. */
  private endDrainsIn(ms: number, runners: readonly Runner[]): () => void {
    return this.deps.clock.after(ms, () => {
      for (const runner of runners) turns.do(() => runner.dispatch({ type: 'drained', isQuiet: false }));
    });
  }

  /** Leaves every process running, for the next server to take back; once `hurry` aborts also those with held requests. */
  async leave(hurry?: AbortSignal): Promise<void> {
    this.beginEnd();
    const hurried = new Promise<void>((resolve) => onceAborted(hurry, resolve));
    await Promise.all(Array.from(this.instanceTable, (runner) => runner.release(hurried)));
    await this.finish();
  }

  private beginEnd(): void {
    this.closing = true;
    this.rollingRestart.end();
    this.instanceTable.close();
  }

  private async finish(): Promise<void> {
    this.writeBehind.flush();
    await this.writeBehind.settled(LAST_WAIT_MS);
    this.monitors.end();
    this.deps.activationSockets.close();
    await this.deps.launcher.close();
  }

  // ---- Another config ------------------------------------------------------------------------

  /**
   * Goes over to it: new services are served, removed ones drain and end, changed ones restart one by one.
   * Returns a sentence for each change.
   * @throws {TenementError} `shutting_down`
   */
  apply(config: Config): string[] {
    this.assertOpen();
    this.deps.launcher.assertHostGives(config.services.values());
    const diff = diffConfigs(this.currentConfig, config);
    const words = describeDiff(diff, (service) => this.instanceTable.population(service));
    this.currentConfig = applicable(this.currentConfig, config);
    const { registry, logger } = this.deps;
    reconfigure(diff, {
      instanceTable: this.instanceTable,
      registry,
      logger,
      rollingRestart: this.rollingRestart,
      recovery: this.recoveryDeps(),
      service: (name) => this.currentConfig.services.get(name),
      takeIn: (instance) => this.takeIn(instance),
    });
    this.monitors.renew();
    return words;
  }

  private recoveryDeps(): RecoveryDeps {
    const { launcher, logger, clock } = this.deps;
    const hasService = (name: string) => this.currentConfig.services.has(name);
    return { launcher, logger, instanceTable: this.instanceTable, hasService, nowMs: () => clock.nowMs() };
  }

  /** Registers one of `[instances]`, and starts it unless it is only to be registered. */
  private takeIn(listed: ListedInstance): void {
    const { service, tenantId, start } = listed;
    const name = instanceName(service, tenantId);
    if (!start && this.instanceTable.has(name)) return;
    if (this.registrar.deletionOf(tenantId) !== undefined) return this.spawnLater(listed);
    const runner = this.instanceTable.get(name) ?? this.registerNow(service, tenantId);
    if (runner === null) return this.spawnLater(listed);
    if (start && runner.lifecycle.state === 'asleep') runner.dispatch({ type: 'start' });
  }

  /** Registers and starts. */
  abstract spawn(service: string, tenantId: string, options?: SpawnOptions): Promise<unknown>;

  private spawnLater(listed: ListedInstance): void {
    const { service, tenantId, start } = listed;
    this.spawn(service, tenantId, { wait: false, start }).catch((error) => {
      this.deps.logger.error({ instance: instanceName(service, tenantId), err: error }, 'not started');
      if (isLockedOut(error) && !this.closing) this.spawnLater(listed);
    });
  }

  /** null when another process holds the registry's lock. */
  private registerNow(service: string, tenantId: string): Runner | null {
    try {
      return this.register(service, tenantId, { env: {}, limits: {} });
    } catch (error) {
      if (isLockedOut(error)) return null;
      throw error;
    }
  }

  /** What was started from now on would be left behind. @throws {TenementError} `shutting_down` */
  protected assertOpen(): void {
    if (this.closing) throw new TenementError('shutting_down', 'the server is stopping');
  }

  protected register(service: string, tenantId: string, own: TenantsOwn): Runner {
    const config = this.serviceNamed(service);
    this.deps.launcher.assertHostGives([{ ...config, ...effectiveLimits(config, own.limits) }]);
    return this.registrar.register(service, tenantId, own);
  }

  private addressOf(name: string, tenantId: string): Address | null {
    const service = this.currentConfig.services.get(name);
    return service === undefined ? null : { paths: this.deps.launcher.paths(service, tenantId), access: service };
  }

  private serviceNamed(name: string): ServiceConfig {
    return serviceNamed(this.currentConfig, name);
  }
}

function onceAborted(signal: AbortSignal | undefined, act: () => void): void {
  if (signal?.aborted === true) act();
  else signal?.addEventListener('abort', act, { once: true });
}
