/**
 * Operations of a supervisor on all instances at once: taking them up, applying another config, ending or leaving them.
 */
import { CONFIG } from '../core/access/actor.ts';
import { overlaps } from '../core/domains/overlaps.ts';
import { describeDiff } from '../core/input/diff-words.ts';
import { instanceName } from '../core/lifecycle/instance.ts';
import { applicable, type ConfigDiff, diffConfigs } from '../core/lifecycle/reconcile.ts';
import { servicesUnderPlans } from '../core/service/effective-service.ts';
import type { Config, ListedInstance } from '../core/service/service.ts';
import { REFUSALS } from '../core/tenants/tenant-state.ts';
import type { SpawnOptions } from '../core/verbs/verbs.ts';
import { type ErrorCode, isLockedOut, TenementError } from '../errors.ts';
import { detached, fault } from '../faults.ts';
import { turns } from '../node/event-loop-turns.ts';
import type { Runner } from './instance/runner.ts';
import { type RecoveryDeps, recover } from './recovery.ts';
import { reconfigure } from './rollout/reconfiguration.ts';
import { resumeKeyChange } from './secrets/key-change.ts';
import type { SupervisorParts } from './supervisor-parts.ts';
import { closeUnfinished, resumeUnfinished } from './tenants/removal/unfinished.ts';

/**
 * How long the end waits for unsaved changes while another process holds the registry's lock. Later changes are lost.
 */
const LAST_WAIT_MS = 10_000;

/** Errors of a registration that keep one tenant from running. */
const OF_ONE_TENANT: readonly ErrorCode[] = [
  'plan_limit',
  'provisioning_failed',
  'deprovisioning_failed',
  'shutting_down',
];

export interface EndOptions {
  readonly hurry?: AbortSignal;
  readonly drainTimeoutMs?: number;
}

/** Registers an instance of the config, and starts it; `Verbs.spawn`. */
type Spawn = (service: string, tenantId: string, options: SpawnOptions) => Promise<unknown>;

export class ServerLife {
  private readonly parts: SupervisorParts;
  private readonly spawn: Spawn;
  private closing = false;
  private readonly end = new AbortController();

  constructor(parts: SupervisorParts, spawn: Spawn) {
    this.parts = parts;
    this.spawn = spawn;
  }

  /** Aborts when the server begins to end, with the error for what that interrupts. */
  get ending(): AbortSignal {
    return this.end.signal;
  }

  get isClosing(): boolean {
    return this.closing;
  }

  /** Rejects what would be left behind by the end. @throws {TenementError} `shutting_down` */
  assertOpen(): void {
    if (this.closing) throw stopping();
  }

  /** Takes up what the registry knows and what an earlier server left running, and starts what should run. */
  async open(): Promise<void> {
    this.parts.deps.host.assertHostGives(servicesUnderPlans(this.parts.config));
    await this.parts.deps.host.prepare();
    closeUnfinished(this.parts.tenantDeps);
    this.parts.domains.open();
    for (const sentence of overlaps(this.parts.config.proxy, this.parts.domains.store))
      this.parts.deps.logger.warn({}, sentence);
    this.parts.domainChecks.renew();
    this.closeTenants();
    this.parts.provisioning.begin();
    const records = this.parts.deps.registry.list();
    // A template or a directory may be huge, and must keep no other tenant waiting.
    detached(this.parts.deps.logger, {}, resumeUnfinished(this.parts.tenantLocks, this.parts.tenantDeps));
    await recover(records, this.recoveryDeps());
    for (const instance of this.parts.config.instances) await this.takeIn(instance);
    for (const { service, tenantId, desired } of records) {
      const always = this.parts.config.services.get(service)?.idleTimeoutMs === 0 && desired === 'up';
      if (always) await this.takeIn({ service, tenantId, start: true });
    }
    const { logger } = this.parts.deps;
    if (this.parts.deps.vaultKey.isChanging) detached(logger, { part: 'secrets' }, resumeKeyChange(this.parts.deps));
    for (const service of this.parts.config.services.keys())
      detached(logger, { service }, this.parts.rollingRestart.start(service));
  }

  /** Closes the tenants that are stopped or expired, before any of their instances is taken up. */
  private closeTenants(): void {
    const { tenants, tenantGates, expiry } = this.parts;
    for (const { id, desired } of tenants.list())
      if (desired === 'stopped') tenantGates.close(id, 'stopped', REFUSALS.stopped);
    expiry.begin();
  }

  /**
   * Ends every process, in parallel. Instances that were up are recorded as up. Settles when no process is left. When
   * `hurry` aborts, processes are killed; after `drainTimeoutMs` none waits for its requests.
   */
  async close({ hurry, drainTimeoutMs }: EndOptions): Promise<void> {
    this.beginEnd();
    const runners = [...this.parts.instanceTable];
    for (const runner of runners) turns.do(() => runner.dispatch({ type: 'close' }));
    onceAborted(hurry, () => runners.forEach((runner) => void turns.do(() => runner.hurry())));
    const patience = drainTimeoutMs === undefined ? () => {} : this.endDrainsIn(drainTimeoutMs, runners);
    await Promise.all(runners.map((runner) => runner.until(() => runner.lifecycle.over)));
    patience();
    await this.finish();
  }

  /** Ends drains after a time. Returns a function that cancels this. */
  private endDrainsIn(ms: number, runners: readonly Runner[]): () => void {
    return this.parts.deps.clock.after(ms, () => {
      for (const runner of runners) turns.do(() => runner.dispatch({ type: 'drained', isQuiet: false }));
    });
  }

  /** Leaves every process running for the next server. When `hurry` aborts, held requests are not waited for. */
  async leave(hurry?: AbortSignal): Promise<void> {
    this.beginEnd();
    const hurried = new Promise<void>((resolve) => onceAborted(hurry, resolve));
    await Promise.all(Array.from(this.parts.instanceTable, (runner) => runner.release(hurried)));
    await this.finish();
  }

  private beginEnd(): void {
    this.closing = true;
    this.end.abort(stopping());
    this.parts.rollingRestart.end();
    this.parts.instanceTable.close();
    this.parts.expiry.end();
    this.parts.domainChecks.end();
    this.parts.provisioning.end();
  }

  private async finish(): Promise<void> {
    await this.parts.tenantLocks.settled();
    await this.parts.provisioning.settled();
    this.parts.writeBehind.flush();
    await this.parts.writeBehind.settled(LAST_WAIT_MS);
    this.parts.allowances.close();
    this.parts.monitors.end();
    this.parts.deps.activationSockets.close();
    await this.parts.deps.host.close();
  }

  /**
   * Applies another config: new services are served, removed ones drain and end, changed ones restart one by one.
   * Returns a sentence for each change.
   * @throws {TenementError} `shutting_down`, `host_cannot`, `bad_config`
   */
  apply(config: Config): string[] {
    this.assertOpen();
    this.parts.deps.host.assertHostGives(servicesUnderPlans(config));
    const { served, registry, logger } = this.parts.deps;
    const diff = diffConfigs(served.current, config);
    this.assertPlansStay(diff);
    const { instanceTable, tenants } = this.parts;
    const words = describeDiff(
      diff,
      (service) => instanceTable.countInstances(service),
      (plan) => tenants.countOn(plan),
    );
    const isRenamed = served.current.proxy.domains.join() !== config.proxy.domains.join();
    if (isRenamed) words.push(...overlaps(config.proxy, this.parts.domains.store));
    served.replace(applicable(served.current, config));
    this.parts.provisioning.follow();
    reconfigure(diff, {
      instanceTable: this.parts.instanceTable,
      registry,
      logger,
      rollingRestart: this.parts.rollingRestart,
      recovery: this.recoveryDeps(),
      services: () => [...this.parts.config.services.keys()],
      service: (name) => this.parts.config.services.get(name),
      takeIn: (instance) => this.takeIn(instance),
    });
    this.parts.monitors.renew();
    return words;
  }

  /** @throws {TenementError} `bad_config` when a plan is gone that tenants were given */
  private assertPlansStay({ plans }: ConfigDiff): void {
    for (const { name, change } of plans) {
      const given = change === 'removed' ? this.parts.tenants.list().filter(({ plan }) => plan === name) : [];
      if (given.length === 0) continue;
      const whom = given.length === 1 ? `tenant ${given[0]?.id} has it` : `${given.length} tenants have it`;
      throw new TenementError('bad_config', `plan ${name} is gone from the config, but ${whom}`, {
        hint: `Keep [plan.${name}], or give them another plan first: \`tenement tenant set ID --plan NAME\`.`,
      });
    }
  }

  private recoveryDeps(): RecoveryDeps {
    const { launcher, processTable, logger, clock } = this.parts.deps;
    const hasService = (name: string) => this.parts.config.services.has(name);
    return {
      launcher,
      processTable,
      logger,
      instanceTable: this.parts.instanceTable,
      hasService,
      isHalted: (name) => this.parts.isHalted(name),
      nowMs: () => clock.nowMs(),
    };
  }

  /**
   * Registers one of `[instances]`, and starts it unless it is only to be registered. Nobody waits for a template, for
   * hooks, or for an earlier operation on the tenant. While another process holds the registry's lock, all is left for
   * later.
   * @throws {TenementError} as `Registrar.register`, for what is found before anything is written
   */
  private async takeIn(listed: ListedInstance): Promise<void> {
    const { instanceTable, tenantGates, tenantLocks, config } = this.parts;
    const { service, tenantId, start } = listed;
    const present = instanceTable.get(instanceName(service, tenantId));
    if (present !== undefined && !tenantGates.isClosed(tenantId, 'provisioning')) {
      if (start) this.startListed(present);
      return;
    }
    const { promise: written, resolve } = Promise.withResolvers<void>();
    const isBusy = present !== undefined || tenantLocks.isBusy(tenantId);
    const done = this.setUp(listed, resolve);
    const isSlow = config.tenants.skeleton !== null || (config.services.get(service)?.hooks.length ?? 0) > 0;
    const awaited = isBusy ? null : isSlow ? Promise.race([written, done]) : done;
    try {
      await awaited;
    } catch (error) {
      return this.notTakenIn(listed, error);
    }
    done.catch((error) => this.notTakenIn(listed, error)).catch((error) => fault(this.parts.deps.logger, error));
  }

  private async setUp({ service, tenantId, start }: ListedInstance, onWritten: () => void): Promise<void> {
    const { registrar, provisioning, instanceTable } = this.parts;
    const own = { env: {}, limits: {} };
    await registrar.register(tenantId, [service], own, { by: CONFIG, atOnce: true, onWritten });
    await provisioning.run(tenantId);
    const runner = instanceTable.get(instanceName(service, tenantId));
    if (start && runner !== undefined) this.startListed(runner);
  }

  /** @throws {TenementError} unless it concerns one tenant alone */
  private notTakenIn(listed: ListedInstance, error: unknown): void {
    if (isLockedOut(error)) return this.spawnLater(listed);
    // What concerns one tenant, such as a plan that became smaller, must not keep the server from starting.
    if (!(error instanceof TenementError) || !OF_ONE_TENANT.includes(error.code)) throw error;
    const instance = instanceName(listed.service, listed.tenantId);
    this.parts.deps.logger.error({ instance, reason: error.message }, 'not registered');
  }

  private startListed(runner: Runner): void {
    const isOpen = !this.closing && !this.parts.isHalted(runner.name);
    if (isOpen && runner.lifecycle.state === 'asleep') runner.dispatch({ type: 'start', by: CONFIG });
  }

  private spawnLater(listed: ListedInstance): void {
    const { service, tenantId, start } = listed;
    this.spawn(service, tenantId, { wait: false, start }).catch((error) => {
      this.parts.deps.logger.error({ instance: instanceName(service, tenantId), err: error }, 'not started');
      if (isLockedOut(error) && !this.closing) this.spawnLater(listed);
    });
  }
}

function stopping(): TenementError {
  return new TenementError('shutting_down', 'the server is stopping');
}

function onceAborted(signal: AbortSignal | undefined, act: () => void): void {
  if (signal?.aborted === true) act();
  else signal?.addEventListener('abort', act, { once: true });
}
