/** The public verbs over all instances. Knows every runner; changes none but through its events. */
import { assertTenantId, type InstanceName, type InstanceRecord, instanceName, newRecord } from '../core/instance.ts';
import type {
  Claim,
  InstanceView,
  Launcher,
  SpawnOptions,
  SupervisorVerbs,
  UpstreamSource,
  UsageMeter,
} from '../core/ports.ts';
import type { Config, ServiceConfig } from '../core/service.ts';
import { TenementError } from '../errors.ts';
import type { JournalDeps } from './journal.ts';
import { startMemoryGuard } from './memory-guard.ts';
import { Runner, type RunnerDeps } from './runner.ts';
import { StartSlots } from './start-slots.ts';
import { viewOf } from './view.ts';

export interface SupervisorDeps extends JournalDeps {
  readonly config: Config;
  readonly launcher: Launcher;
  readonly meter: UsageMeter;
  /** 0 to 1. */
  random(): number;
  urlOf(service: string, tenantId: string): string | null;
  /** Deletes what the instance printed. */
  removeLogs(instance: InstanceName): Promise<void>;
}

export class Supervisor implements SupervisorVerbs, UpstreamSource {
  private readonly runners = new Map<InstanceName, Runner>();
  /** Public socket → the instance that has it. */
  private readonly sockets = new Map<string, InstanceName>();
  private readonly deps: SupervisorDeps;
  private readonly runnerDeps: RunnerDeps;
  private readonly retiredListeners: ((generation: number) => void)[] = [];
  private readonly endMemoryGuard: () => void;
  private generation = 0;
  private closing = false;

  constructor(deps: SupervisorDeps) {
    this.deps = deps;
    this.runnerDeps = this.makeRunnerDeps();
    this.endMemoryGuard = startMemoryGuard({
      clock: deps.clock,
      meter: deps.meter,
      runners: () => this.runners.values(),
    });
  }

  private makeRunnerDeps(): RunnerDeps {
    const { config, launcher, registry, events, logger, clock } = this.deps;
    return {
      settings: config.settings,
      launcher,
      registry,
      events,
      logger,
      clock,
      random: () => this.deps.random(),
      slots: new StartSlots({
        maxConcurrentStarts: config.settings.maxConcurrentStarts,
        maxRunning: config.settings.maxRunning,
        makeRoom: () => this.makeRoom(),
      }),
      nextGeneration: () => {
        this.generation += 1;
        return this.generation;
      },
      onRetired: (generation) => {
        for (const listener of this.retiredListeners) listener(generation);
      },
    };
  }

  // ---- Requests ------------------------------------------------------------------------------

  has(instance: InstanceName): boolean {
    return this.runners.has(instance);
  }

  claim(instance: InstanceName, signal: AbortSignal): Claim | Promise<Claim> {
    const runner = this.runners.get(instance);
    if (runner === undefined) return { refused: 'unknown_tenant', retryAfterS: null };
    return runner.claim(signal);
  }

  onRetired(listener: (generation: number) => void): void {
    this.retiredListeners.push(listener);
  }

  // ---- Verbs ---------------------------------------------------------------------------------

  async spawn(service: string, tenantId: string, options: SpawnOptions = {}) {
    const existing = this.runners.get(instanceName(service, tenantId));
    const runner = existing ?? this.register(service, tenantId, options.env ?? {});
    // Spawning again changes nothing that an operator or a crash loop decided; it only wakes a sleeper.
    if (options.start !== false) runner.dispatch({ type: existing === undefined ? 'start' : 'wake' });
    if (options.wait !== false) await settled(runner);
    return { view: this.view(runner), created: existing === undefined };
  }

  async start(instance: InstanceName, options: { wait?: boolean | undefined } = {}): Promise<InstanceView> {
    const runner = this.find(instance);
    runner.dispatch({ type: 'start' });
    if (options.wait !== false) await settled(runner);
    return this.view(runner);
  }

  async stop(instance: InstanceName): Promise<InstanceView> {
    const runner = this.find(instance);
    runner.dispatch({ type: 'stop' });
    await runner.until(() => runner.lifecycle.desired !== 'stopped' || !hasProcess(runner));
    return this.view(runner);
  }

  async restart(instance: InstanceName): Promise<InstanceView> {
    const runner = this.find(instance);
    runner.dispatch({ type: 'restart' });
    await settled(runner);
    return this.view(runner);
  }

  async sleep(instance: InstanceName): Promise<InstanceView> {
    const runner = this.find(instance);
    runner.dispatch({ type: 'sleep' });
    await runner.until(() => runner.lifecycle.state !== 'draining' && runner.lifecycle.state !== 'stopping');
    return this.view(runner);
  }

  async remove(instance: InstanceName, options: { purge?: boolean | undefined } = {}): Promise<void> {
    const runner = this.find(instance);
    runner.dispatch({ type: 'remove' });
    await runner.until(() => runner.lifecycle.over);
    if (this.runners.get(instance) !== runner) return;
    this.forget(runner);
    const { clock, events, launcher } = this.deps;
    const shared = [...this.runners.values()].some((other) => other.tenantId === runner.tenantId);
    const purged = options.purge === true && !shared;
    if (options.purge === true) await this.deps.removeLogs(instance);
    if (purged) await launcher.deleteTenantDir(runner.tenantId);
    const message = purged ? 'unregistered, its directory deleted' : 'unregistered, its directory kept';
    events.append({ atMs: clock.nowMs(), type: 'removed', instance, message, data: { purged } });
  }

  get(instance: InstanceName): InstanceView {
    return this.view(this.find(instance));
  }

  list(): InstanceView[] {
    return [...this.runners.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((runner) => this.view(runner));
  }

  // ---- The life of the server ----------------------------------------------------------------

  /** Takes up what the registry knows, ends what an earlier server left running, and starts what should run. */
  async open(): Promise<void> {
    const records = this.deps.registry.list();
    await Promise.all(records.filter((record) => record.process !== null).map((record) => this.endLeftover(record)));
    for (const record of records) this.takeUp(record);
    for (const { service, tenantId } of this.deps.config.instances) this.startConfigured(service, tenantId);
    for (const runner of this.runners.values()) {
      const always = runner.service.idleTimeoutMs === 0 && runner.lifecycle.desired === 'up';
      if (always) runner.dispatch({ type: 'start' });
    }
  }

  /** Ends every process, in parallel; what was up is remembered as up. Settles when none is left. */
  async close(): Promise<void> {
    this.closing = true;
    const runners = [...this.runners.values()];
    for (const runner of runners) runner.dispatch({ type: 'close' });
    await Promise.all(runners.map((runner) => runner.until(() => runner.lifecycle.over)));
    this.endMemoryGuard();
  }

  private async endLeftover(record: InstanceRecord): Promise<void> {
    const service = this.deps.config.services.get(record.service);
    if (record.process === null || service === undefined) return;
    const { launcher, logger } = this.deps;
    const paths = launcher.paths(service, record.tenantId);
    const ended = await launcher.endLeftover(record.process, paths, service.stopTimeoutMs);
    const fields = { instance: instanceName(record.service, record.tenantId), pid: record.process.pid };
    if (ended) logger.info(fields, 'ended a process that an earlier server left');
  }

  private takeUp(record: InstanceRecord): void {
    const service = this.deps.config.services.get(record.service);
    const instance = instanceName(record.service, record.tenantId);
    if (service === undefined) {
      this.deps.logger.warn({ instance }, 'registered, but the config has no such service: not served');
      return;
    }
    this.add(new Runner({ ...record, process: null, startedAtMs: null }, service, this.runnerDeps));
  }

  private startConfigured(service: string, tenantId: string): void {
    const runner = this.runners.get(instanceName(service, tenantId)) ?? this.register(service, tenantId, {});
    if (runner.lifecycle.state === 'asleep') runner.dispatch({ type: 'start' });
  }

  // ---- Registration --------------------------------------------------------------------------

  private register(name: string, tenantId: string, env: Readonly<Record<string, string>>): Runner {
    if (this.closing) throw new TenementError('shutting_down', 'the server is stopping');
    const service = this.serviceNamed(name);
    assertTenantId(tenantId);
    const { clock, registry, events } = this.deps;
    const nowMs = clock.nowMs();
    const record = newRecord(name, tenantId, { ...env }, nowMs);
    const runner = new Runner(record, service, this.runnerDeps);
    this.assertOwnSocket(runner);
    registry.save(record, true);
    this.add(runner);
    events.append({ atMs: nowMs, type: 'spawned', instance: runner.name, message: 'registered', data: {} });
    return runner;
  }

  private serviceNamed(name: string): ServiceConfig {
    const service = this.deps.config.services.get(name);
    if (service !== undefined) return service;
    const known = [...this.deps.config.services.keys()].join(', ');
    throw new TenementError('unknown_service', `there is no service ${JSON.stringify(name)}`, {
      hint: `Services in the config: ${known}.`,
    });
  }

  private assertOwnSocket(runner: Runner): void {
    const { publicSocket } = runner.paths;
    const owner = publicSocket === null ? undefined : this.sockets.get(publicSocket);
    if (owner === undefined || owner === runner.name) return;
    throw new TenementError('socket_conflict', `${runner.name} would have the socket of ${owner}, ${publicSocket}`);
  }

  private add(runner: Runner): void {
    this.runners.set(runner.name, runner);
    if (runner.paths.publicSocket !== null) this.sockets.set(runner.paths.publicSocket, runner.name);
  }

  private forget(runner: Runner): void {
    this.runners.delete(runner.name);
    if (runner.paths.publicSocket !== null) this.sockets.delete(runner.paths.publicSocket);
  }

  private find(instance: InstanceName): Runner {
    const runner = this.runners.get(instance);
    if (runner !== undefined) return runner;
    throw new TenementError('unknown_tenant', `${instance} is not registered`);
  }

  private view(runner: Runner): InstanceView {
    return viewOf(runner, { nowMs: this.deps.clock.nowMs(), urlOf: this.deps.urlOf });
  }

  private async makeRoom(): Promise<boolean> {
    const idle = [...this.runners.values()].filter((runner) => runner.isIdle);
    idle.sort((a, b) => a.inFlight.lastActivityAtMs - b.inFlight.lastActivityAtMs);
    const [oldest] = idle;
    if (oldest === undefined) return false;
    oldest.dispatch({ type: 'sleep' });
    await oldest.until(() => !hasProcess(oldest));
    return true;
  }
}

function hasProcess(runner: Runner): boolean {
  return ['starting', 'ready', 'draining', 'stopping'].includes(runner.lifecycle.state);
}

/** It serves, or it has come to rest without. */
async function settled(runner: Runner): Promise<void> {
  await runner.until(() => runner.lifecycle.state === 'ready' || !hasProcess(runner));
}
