/** The parts of a supervisor, wired to each other, and to the rest of the server. */

import type { Capacity } from '../core/admission/eviction.ts';
import type { DomainViewDeps } from '../core/domains/domain-view.ts';
import { type InstanceName, parseInstanceName } from '../core/lifecycle/instance.ts';
import { WakeDurations } from '../core/observing/wake-durations.ts';
import type { LaunchRequest, LaunchResult } from '../core/ports.ts';
import type { Config } from '../core/service/service.ts';
import type { Registration } from '../core/tenants/tenant-operation.ts';
import type { SelfVerbs } from '../core/verbs/self-verbs.ts';
import { TenementError } from '../errors.ts';
import { detached, fault } from '../faults.ts';
import { idna } from '../node/idna.ts';
import { Generations } from './activity/generations.ts';
import { makeRoom } from './admission/eviction.ts';
import { type StartLimits, StartSlots, startLimits } from './admission/start-slots.ts';
import { StartTimes } from './admission/start-times.ts';
import { DomainChecks } from './domains/domain-checks.ts';
import { DomainTable } from './domains/domain-table.ts';
import { Runner } from './instance/runner.ts';
import type { RunnerDeps } from './instance/runner-parts.ts';
import { InstanceTable } from './instance-table.ts';
import { LiveChanges } from './live-changes.ts';
import { Monitors } from './monitors/monitors.ts';
import { ClosedInstances } from './provisioning/closed-instances.ts';
import type { Provisioning } from './provisioning/provisioning.ts';
import { Allowances } from './quotas/allowances.ts';
import { Counters } from './quotas/counters.ts';
import { RollingRestart } from './rollout/rolling-restart.ts';
import { launchWithSecrets } from './secrets/secret-launch.ts';
import { TenantSecrets } from './secrets/tenant-secrets.ts';
import { ServedServices } from './served-services.ts';
import type { SupervisorDeps } from './supervisor-deps.ts';
import { ExpiryWatch } from './tenants/expiry-watch.ts';
import { Registrar, type RegistrarDeps } from './tenants/registration/registrar.ts';
import { resumeUnfinished, type UnfinishedDeps } from './tenants/removal/unfinished.ts';
import { createSelfVerbs } from './tenants/self-verbs.ts';
import { TenantGates } from './tenants/tenant-gates.ts';
import { TenantHolds } from './tenants/tenant-holds.ts';
import { TenantInstances } from './tenants/tenant-instances.ts';
import { TenantLocks } from './tenants/tenant-locks.ts';
import { TenantTable } from './tenants/tenant-table.ts';
import { WriteBehind } from './write-behind.ts';

export class SupervisorParts {
  readonly deps: SupervisorDeps;
  private readonly assertOpen: () => void;
  readonly instanceTable: InstanceTable;
  readonly writeBehind: WriteBehind;
  readonly tenants: TenantTable;
  readonly services: ServedServices;
  readonly domains: DomainTable;
  readonly domainChecks: DomainChecks;
  readonly domainViewDeps: DomainViewDeps;
  readonly secrets: TenantSecrets;
  readonly allowances: Allowances;
  readonly selfVerbs: SelfVerbs;
  readonly tenantLocks = new TenantLocks();
  readonly tenantGates = new TenantGates();
  /** Instances and tenants of which something else is seen than before. */
  readonly changes = new LiveChanges();
  readonly closedInstances = new ClosedInstances();
  readonly provisioning: Provisioning;
  readonly registrar: Registrar;
  readonly rollingRestart: RollingRestart;
  readonly generations = new Generations();
  readonly wakeDurations = new WakeDurations();
  readonly monitors: Monitors;
  readonly tenantInstances: TenantInstances;
  readonly tenantHolds: TenantHolds;
  readonly expiry: ExpiryWatch;

  /**
   * @param assertOpen throws {TenementError} `shutting_down`
   * @param makeProvisioning called once, before anything is registered
   */
  constructor(
    deps: SupervisorDeps,
    assertOpen: () => void,
    makeProvisioning: (parts: SupervisorParts) => Provisioning,
  ) {
    const { clock, registry, logger, events } = deps;
    this.deps = deps;
    this.assertOpen = assertOpen;
    this.tenants = new TenantTable(deps.tenants, () => deps.served.current);
    this.services = new ServedServices({
      ...deps,
      tenants: this.tenants,
      isRegistered: (name) => this.instanceTable.has(name),
    });
    this.domains = new DomainTable({ store: deps.domains, routes: deps.domainRoutes, logger });
    this.domainViewDeps = {
      idna,
      urlOf: (host) => deps.urlOf(host),
      certificateOf: (host) => deps.certificateOf(host),
      isRegistered: (instance) => this.instanceTable.has(instance),
    };
    this.tenants.beforeChange((change) => this.domains.before(change));
    this.tenants.beforeChange(
      ({ tenantId }) =>
        () =>
          this.changes.tell(tenantId),
    );
    this.domainChecks = new DomainChecks({
      ...deps,
      domains: this.domains,
      tenants: this.tenants,
      locks: this.tenantLocks,
    });
    this.allowances = new Allowances({
      ...deps,
      store: deps.quotas,
      totals: deps.usage,
      policyOf: (tenantId) => this.tenants.termsOf(tenantId).plan?.policy ?? null,
    });
    this.tenants.onForgotten((tenantId) => this.allowances.forget(tenantId));
    this.secrets = new TenantSecrets({ ...deps, tenants: this.tenants });
    this.writeBehind = new WriteBehind({ clock, registry, logger, onChanged: (name) => this.changes.tell(name) });
    const runnerDeps = this.makeRunnerDeps();
    this.instanceTable = new InstanceTable({
      makeRunner: (record) => new Runner(record, this.services.named(record.service), runnerDeps),
      activationSockets: deps.activationSockets,
      logger,
      addressOf: ({ service, tenantId }) => this.services.addressOf(service, tenantId),
    });
    this.selfVerbs = createSelfVerbs({
      instanceTable: this.instanceTable,
      tenants: this.tenants,
      counters: new Counters(deps.counters, this.tenants),
      allowances: this.allowances,
      totals: deps.usage,
      clock,
    });
    this.provisioning = makeProvisioning(this);
    this.registrar = new Registrar({
      ...this.tenantDeps,
      instanceTable: this.instanceTable,
      domains: this.domains,
      clock,
      events,
      locks: this.tenantLocks,
      assertOpen,
      secrets: this.secrets,
      generators: (services) => services.flatMap((name) => this.config.services.get(name) ?? []),
      assertRegistrable: (tenant, instances) => this.services.assertRegistrable(tenant, instances),
    });
    this.rollingRestart = new RollingRestart({
      instanceTable: this.instanceTable,
      events,
      nowMs: () => clock.nowMs(),
      isWaiting: (name) => this.provisioning.board.isWaiting(name),
    });
    this.monitors = new Monitors({
      ...deps,
      runners: () => this.instanceTable,
      memoryReserveBytes: () => this.config.settings.memoryReserveBytes,
      onStored: (tenantId, bytes) => deps.usage.stored(tenantId, bytes),
    });
    this.tenantInstances = new TenantInstances({
      instanceTable: this.instanceTable,
      services: () => this.config.services.keys(),
    });
    this.tenantHolds = new TenantHolds({
      clock,
      logger,
      instanceTable: this.instanceTable,
      tenantInstances: this.tenantInstances,
      timeoutMs: () => this.config.tenants.holdTimeoutMs,
    });
    this.tenantGates.onChanged((...change) => this.tenantInstances.follow(...change));
    this.expiry = new ExpiryWatch({ clock, events, logger, tenants: this.tenants, gates: this.tenantGates });
    this.instanceTable.onRegistration((name) => this.monitors.registered(parseInstanceName(name).tenantId));
    this.instanceTable.onRegistration((name) => this.changes.tell(name));
    this.tenantGates.onChanged((tenantId) => this.changes.tell(tenantId));
  }

  private makeRunnerDeps(): RunnerDeps {
    const { launcher, processTable, processHooks, activationSockets, events, logger, clock, random, webAddressOf } =
      this.deps;
    return {
      webAddressOf,
      activationSockets,
      settings: () => this.config.settings,
      termsOf: (tenantId) => this.tenants.termsOf(tenantId),
      secretsOf: (tenantId) => this.secrets.versions(tenantId),
      processTable,
      processHooks,
      launcher: { ...launcher, launch: (request) => this.launch(request) },
      writeBehind: this.writeBehind,
      wakeDurations: this.wakeDurations,
      events,
      logger,
      clock,
      random,
      slots: new StartSlots({
        limits: () => this.limits,
        makeRoom: (demand) => makeRoom(this.instanceTable, demand, this.capacity).catch((error) => this.noRoom(error)),
      }),
      startTimes: new StartTimes(),
      generations: this.generations,
      connections: () => this.monitors.connections(),
      onStarting: (tenantId) => this.monitors.started(tenantId),
      onChanged: (name) => this.changes.tell(name),
      usageOf: (...whose) => this.deps.usage.of(...whose),
      refusalOf: (name, tenantId) => this.tenantGates.refusal(tenantId) ?? this.closedInstances.refusal(name),
      allowanceOf: (tenantId) => this.allowances.of(tenantId),
      isHalted: (name) => this.isHalted(name),
      isTenantHeld: (tenantId) => this.tenantHolds.isHeld(tenantId),
      awaitsHooks: (name) => this.provisioning.board.isWaiting(name),
      provision: (tenantId) => this.provisioning.runSoon(tenantId),
      hooksRefusal: (name) => this.provisioning.board.failedRefusal(parseInstanceName(name).tenantId),
    };
  }

  private isClosing(): boolean {
    try {
      this.assertOpen();
      return false;
    } catch {
      return true;
    }
  }

  /** What operations on tenants need. */
  get tenantDeps(): UnfinishedDeps &
    Pick<SupervisorDeps, 'tenantDirectories'> &
    Pick<RegistrarDeps, 'tenants' | 'provisioning'> {
    return {
      ...this.deps,
      tenants: this.tenants,
      gates: this.tenantGates,
      service: (name) => this.config.services.get(name),
      skeletonFor: (tenantId, service) => this.services.skeletonFor(tenantId, service),
      onFailed: (...failed) => this.completeLater(...failed),
      provisioning: this.provisioning,
    };
  }

  /** Whether an instance may not run, because of its tenant or its own hooks. */
  isHalted(name: InstanceName): boolean {
    return this.tenantGates.isHalted(parseInstanceName(name).tenantId) || this.closedInstances.has(name);
  }

  private completeLater(tenantId: string, { startedAtMs }: Registration, reason: string): void {
    const { clock, logger, random } = this.deps;
    const delayMs = this.provisioning.board.templateFailed(tenantId, startedAtMs, reason, random());
    clock.after(delayMs, () => {
      if (this.isClosing()) return;
      detached(logger, { tenant: tenantId }, resumeUnfinished(this.tenantLocks, this.tenantDeps, tenantId));
    });
  }

  private get capacity(): Capacity {
    return { maxRunning: this.limits.maxRunning, nowMs: this.deps.clock.nowMs() };
  }

  private get limits(): StartLimits {
    return startLimits(this.config.settings, this.deps.descriptors, this.instanceTable.size);
  }

  /** Handles an unexpected error while room is made: there is none, and other starts have their turn. */
  private noRoom(error: unknown): boolean {
    fault(this.deps.logger, error);
    return false;
  }

  /** A config that changed after the registration may make a tenant's services disagree. */
  private async launch(request: LaunchRequest): Promise<LaunchResult> {
    try {
      this.services.assertSameUser(request.service.name, request.tenantId);
    } catch (error) {
      return { ok: false, detail: error instanceof TenementError ? `${error.message}. ${error.hint}` : String(error) };
    }
    return launchWithSecrets(request, { launcher: this.deps.launcher, secrets: this.secrets });
  }

  get config(): Config {
    return this.services.config;
  }
}
