/** The public verbs over all instances. Knows every runner; changes none but through its events. */

import { describeDiff } from '../core/diff-words.ts';
import { type InstanceName, instanceName, parseInstanceName, type TenantsOwn } from '../core/instance.ts';
import { effectiveLimits, ownLimits } from '../core/limits.ts';
import { ownDifference } from '../core/own-difference.ts';
import type { LaunchRequest, LaunchResult } from '../core/ports.ts';
import { applicable, diffConfigs } from '../core/reconcile.ts';
import { assertSameUser } from '../core/same-user.ts';
import { type Config, type ServiceConfig, serviceNamed } from '../core/service.ts';
import type { Claim, Grant, GrantSource, SecondTry } from '../core/serving.ts';
import type { InstanceView, SpawnOptions, SupervisorVerbs } from '../core/verbs.ts';
import { isLockedOut, TenementError } from '../errors.ts';
import { detached, fault } from '../faults.ts';
import { turns } from '../turns.ts';
import { evictOne } from './eviction.ts';
import { type Address, Fleet } from './fleet.ts';
import { Generations } from './generations.ts';
import type { RunnerDeps } from './parts.ts';
import { reconfigure } from './reconfiguration.ts';
import { type RecoveryDeps, recover } from './recovery.ts';
import { Registrar, unwritten } from './registrar.ts';
import { Rollout } from './rollout.ts';
import { Runner } from './runner.ts';
import { Saver } from './saver.ts';
import { StartSlots, startLimits } from './start-slots.ts';
import type { SupervisorDeps } from './supervisor-deps.ts';
import { viewOf } from './view.ts';
import { Watches } from './watches.ts';

/** How long a verb waits until what it did is written, where another process holds the registry's lock. */
const SAVED_WAIT_MS = 5000;
/** The same at the end, when what is not written is lost. */
const LAST_WAIT_MS = 10_000;

export class Supervisor implements SupervisorVerbs, GrantSource {
  private readonly fleet: Fleet;
  private readonly deps: SupervisorDeps;
  private readonly saver: Saver;
  private readonly runnerDeps: RunnerDeps;
  private readonly registrar: Registrar;
  private readonly rollout: Rollout;
  private readonly generations = new Generations();
  private readonly watches: Watches;
  private currentConfig: Config;
  private closing = false;

  constructor(deps: SupervisorDeps) {
    const { clock, registry, logger, events } = deps;
    this.deps = deps;
    this.currentConfig = deps.config;
    this.saver = new Saver({ clock, registry, logger });
    this.runnerDeps = this.makeRunnerDeps();
    this.fleet = new Fleet({
      makeRunner: (record) => new Runner(record, this.serviceNamed(record.service), this.runnerDeps),
      doorbells: deps.doorbells,
      addressOf: ({ service, tenantId }) => this.addressOf(service, tenantId),
    });
    this.registrar = new Registrar({
      ...deps,
      fleet: this.fleet,
      assertService: (name) => void this.serviceNamed(name),
      assertSameUser: (name, tenantId) => this.assertSameUser(name, tenantId),
    });
    this.rollout = new Rollout({ fleet: this.fleet, events, nowMs: () => clock.nowMs() });
    this.watches = new Watches({
      ...deps,
      runners: () => this.fleet,
      memoryReserveBytes: () => this.currentConfig.settings.memoryReserveBytes,
    });
    this.fleet.onRegistration((name) => this.watches.registered(parseInstanceName(name).tenantId));
  }

  private makeRunnerDeps(): RunnerDeps {
    const { launcher, doorbells, descriptors, events, logger, clock, random, webAddressOf } = this.deps;
    return {
      webAddressOf,
      doorbells,
      settings: () => this.currentConfig.settings,
      launcher: { ...launcher, launch: (request) => this.launch(request) },
      saver: this.saver,
      events,
      logger,
      clock,
      random,
      slots: new StartSlots({
        limits: () => startLimits(this.currentConfig.settings, descriptors, this.fleet.size),
        makeRoom: () => evictOne(this.fleet).catch((error) => this.noRoom(error)),
      }),
      generations: this.generations,
      connections: () => this.watches.connections(),
      onStarting: (tenantId) => this.watches.started(tenantId),
    };
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

  private assertSameUser(service: string, tenantId: string): void {
    const { services } = this.currentConfig;
    const others = [...services.values()].filter(({ name }) => this.fleet.has(instanceName(name, tenantId)));
    assertSameUser(this.serviceNamed(service), others, tenantId);
  }

  /** What is served now. */
  get config(): Config {
    return this.currentConfig;
  }

  // ---- Requests ------------------------------------------------------------------------------

  has(instance: InstanceName): boolean {
    return this.fleet.has(instance);
  }

  claim(instance: InstanceName, signal: AbortSignal, again?: SecondTry): Claim | Promise<Claim> {
    if (!this.fleet.has(instance)) return { refused: 'unknown_tenant', retryAfterS: null };
    // A sleeper that was woken now would be left behind.
    if (this.closing) return { refused: 'shutting_down', retryAfterS: 1 };
    return this.fleet.find(instance).claim(signal, again);
  }

  grant(instance: InstanceName): Grant | null {
    return this.fleet.get(instance)?.grant() ?? null;
  }

  names(): Iterable<InstanceName> {
    return this.fleet.names();
  }

  onRegistration(listener: (instance: InstanceName, registered: boolean) => void): void {
    this.fleet.onRegistration(listener);
  }

  countConnection(generation: number, change: 1 | -1): void {
    this.generations.ownConnections.change(generation, change);
  }

  onRetired(listener: (generation: number) => void): void {
    this.generations.onRetired(listener);
  }

  // ---- Verbs ---------------------------------------------------------------------------------

  async spawn(service: string, tenantId: string, options: SpawnOptions = {}) {
    const deletion = this.registrar.deletionOf(tenantId);
    if (deletion !== undefined) await deletion;
    const { runner, created } = await this.deps.registry.whenWritable(() => {
      this.assertOpen();
      const existing = this.fleet.get(instanceName(service, tenantId));
      if (existing !== undefined) assertSame(existing, ownOf(options));
      const runner = existing ?? this.register(service, tenantId, ownOf(options));
      // Spawning again changes nothing that an operator or a crash loop decided; it only wakes a sleeper.
      if (options.start !== false) runner.ask({ type: existing === undefined ? 'start' : 'wake' });
      return { runner, created: existing === undefined };
    });
    if (options.wait !== false) await runner.settled();
    return { view: this.view(runner), created };
  }

  async start(instance: InstanceName, options: { wait?: boolean | undefined } = {}): Promise<InstanceView> {
    this.assertOpen();
    const runner = this.fleet.find(instance);
    runner.ask({ type: 'start' });
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
    this.assertOpen();
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
    if (this.fleet.get(instance) === runner) await this.registrar.unregister(runner, options.purge === true);
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
    this.deps.launcher.assertHostGives(this.currentConfig.services.values());
    await this.deps.launcher.prepare();
    const records = this.deps.registry.list();
    await recover(records, this.recoveryDeps());
    for (const { service, tenantId } of this.currentConfig.instances) this.startConfigured(service, tenantId);
    for (const { service, tenantId, desired } of records) {
      const always = this.currentConfig.services.get(service)?.idleTimeoutMs === 0 && desired === 'up';
      if (always) this.startConfigured(service, tenantId);
    }
    const { logger } = this.deps;
    for (const service of this.currentConfig.services.keys())
      detached(logger, { service }, this.rollout.start(service));
  }

  /**
   * Ends every process, in parallel; what was up is remembered as up. Settles when none is left. Once `hurry` aborts
   * they are killed.
   */
  async close(hurry?: AbortSignal): Promise<void> {
    this.closing = true;
    this.rollout.end();
    const runners = [...this.fleet];
    for (const runner of runners) turns.do(() => runner.dispatch({ type: 'close' }));
    onceAborted(hurry, () => runners.forEach((runner) => void turns.do(() => runner.hurry())));
    await Promise.all(runners.map((runner) => runner.until(() => runner.lifecycle.over)));
    await this.finish();
  }

  /** Leaves every process running, for the next server to take back; once `hurry` aborts also those with held requests. */
  async leave(hurry?: AbortSignal): Promise<void> {
    this.closing = true;
    this.rollout.end();
    const hurried = new Promise<void>((resolve) => onceAborted(hurry, resolve));
    await Promise.all(Array.from(this.fleet, (runner) => runner.release(hurried)));
    await this.finish();
  }

  private async finish(): Promise<void> {
    this.saver.flush();
    await this.saver.settled(LAST_WAIT_MS);
    this.watches.end();
    this.deps.doorbells.close();
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
    const words = describeDiff(diff, (service) => this.fleet.population(service));
    this.currentConfig = applicable(this.currentConfig, config);
    const { registry, logger } = this.deps;
    reconfigure(diff, {
      fleet: this.fleet,
      registry,
      logger,
      rollout: this.rollout,
      recovery: this.recoveryDeps(),
      service: (name) => this.currentConfig.services.get(name),
      startConfigured: (service, tenantId) => this.startConfigured(service, tenantId),
    });
    this.watches.renew();
    return words;
  }

  private recoveryDeps(): RecoveryDeps {
    const { launcher, logger, clock } = this.deps;
    const hasService = (name: string) => this.currentConfig.services.has(name);
    return { launcher, logger, fleet: this.fleet, hasService, nowMs: () => clock.nowMs() };
  }

  private startConfigured(service: string, tenantId: string): void {
    if (this.registrar.deletionOf(tenantId) !== undefined) return this.spawnLater(service, tenantId);
    const runner = this.fleet.get(instanceName(service, tenantId)) ?? this.registerNow(service, tenantId);
    if (runner === null) return this.spawnLater(service, tenantId);
    if (runner.lifecycle.state === 'asleep') runner.dispatch({ type: 'start' });
  }

  private spawnLater(service: string, tenantId: string): void {
    this.spawn(service, tenantId, { wait: false }).catch((error) => {
      this.deps.logger.error({ instance: instanceName(service, tenantId), err: error }, 'not started');
      if (isLockedOut(error) && !this.closing) this.spawnLater(service, tenantId);
    });
  }

  /** null when another process holds the registry's lock. */
  private registerNow(service: string, tenantId: string): Runner | null {
    try {
      return this.register(service, tenantId, ownOf({}));
    } catch (error) {
      if (isLockedOut(error)) return null;
      throw error;
    }
  }

  /** What was started from now on would be left behind. @throws {TenementError} `shutting_down` */
  private assertOpen(): void {
    if (this.closing) throw new TenementError('shutting_down', 'the server is stopping');
  }

  private register(service: string, tenantId: string, own: TenantsOwn): Runner {
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

  /** @throws {TenementError} `state_failed` when what was done would be forgotten with this server */
  private async savedView(runner: Runner): Promise<InstanceView> {
    await runner.saved(SAVED_WAIT_MS);
    if (!runner.isUnsaved) return this.view(runner);
    const what = `${runner.name} is ${runner.lifecycle.state}, but that would be forgotten if the server ended now`;
    throw unwritten(what, this.saver.lastError);
  }

  private view(runner: Runner): InstanceView {
    return viewOf(runner, { nowMs: this.deps.clock.nowMs(), webAddressOf: this.deps.webAddressOf });
  }
}

/** @throws {TenementError} `already_registered` when what is asked for is not what it has */
function assertSame({ name, record }: Runner, asked: TenantsOwn): void {
  const difference = ownDifference(record, asked);
  if (difference === null) return;
  throw new TenementError('already_registered', `${name} is registered, and this spawn asks for ${difference}`);
}

function onceAborted(signal: AbortSignal | undefined, act: () => void): void {
  if (signal?.aborted === true) act();
  else signal?.addEventListener('abort', act, { once: true });
}

function ownOf({ env, limits }: SpawnOptions): TenantsOwn {
  return { env: { ...env }, limits: ownLimits(limits ?? {}) };
}
