/** The public verbs on one instance, as one actor's. They change an instance only through events. */
import type { Actor } from '../core/access/actor.ts';
import { ownDifference } from '../core/input/own-difference.ts';
import type { EventData } from '../core/lifecycle/event-data.ts';
import { type InstanceName, type InstanceOverrides, instanceName } from '../core/lifecycle/instance.ts';
import { ownLimits } from '../core/limits/limits.ts';
import type { OperatorCommand, PreparedCommand } from '../core/service/operator-command.ts';
import type {
  DrainOptions,
  InstanceChanges,
  InstanceView,
  SpawnOptions,
  SupervisorVerbs,
} from '../core/verbs/verbs.ts';
import { TenementError } from '../errors.ts';
import { detached } from '../faults.ts';
import type { Runner } from './instance/runner.ts';
import { changeOverrides } from './own-settings.ts';
import { replaceOutdated } from './rollout/replacement.ts';
import type { ServerLife } from './server-life.ts';
import type { SupervisorParts } from './supervisor-parts.ts';
import { unwritten } from './unwritten.ts';

/** How long a verb waits for its change to be written while another process holds the registry's lock. */
const SAVED_WAIT_MS = 5000;

export interface VerbsDeps {
  readonly parts: SupervisorParts;
  readonly life: Pick<ServerLife, 'assertOpen' | 'ending'>;
  view(runner: Runner): InstanceView;
}

export class Verbs implements SupervisorVerbs {
  private readonly deps: VerbsDeps;
  private readonly by: Actor;

  constructor(deps: VerbsDeps, by: Actor) {
    this.deps = deps;
    this.by = by;
  }

  async spawn(service: string, tenantId: string, options: SpawnOptions = {}) {
    const { life } = this.deps;
    life.assertOpen();
    const own = ownOf(options);
    const { runner, created } = this.registered(service, tenantId) ?? (await this.register(service, tenantId, own));
    life.assertOpen();
    if (!created) assertSame(runner, own);
    // Spawning again changes nothing that an operator or a crash loop decided; it only wakes a sleeper.
    await this.provisioned(runner, options, () => this.startSpawned(runner, created, options));
    return { view: this.deps.view(runner), created };
  }

  private async startSpawned(runner: Runner, created: boolean, { start, wait }: SpawnOptions): Promise<void> {
    if (start !== false && !this.deps.parts.isHalted(runner.name))
      runner.ask({ type: created ? 'start' : 'wake', by: this.by });
    if (wait !== false) await runner.settled();
  }

  /**
   * Starts it when its hooks have succeeded. Without `wait`, both happen in the background.
   * @throws {TenementError} `provisioning_failed`
   */
  private async provisioned(runner: Runner, { wait }: SpawnOptions, start: () => Promise<void>) {
    const { name, tenantId } = runner;
    const { provisioning, deps } = this.deps.parts;
    if (!provisioning.board.isWaiting(name)) return start();
    const done = provisioning.run(tenantId).then(start);
    if (wait === false) return detached(deps.logger, { instance: name }, done);
    await done;
    if (this.deps.parts.isHalted(name) || runner.lifecycle.hooks === 'wanted')
      provisioning.board.assertNotFailed(tenantId);
  }

  /** Returns null while it is not registered, and while the registration is under way. */
  private registered(service: string, tenantId: string): { runner: Runner; created: false } | null {
    const { instanceTable, tenantGates, provisioning } = this.deps.parts;
    const runner = instanceTable.get(instanceName(service, tenantId));
    const isUnderWay = tenantGates.isClosed(tenantId, 'provisioning') && !provisioning.board.isHeld(tenantId);
    return runner === undefined || isUnderWay ? null : { runner, created: false };
  }

  private async register(service: string, tenantId: string, own: InstanceOverrides) {
    const { registrar, instanceTable } = this.deps.parts;
    const { runners, added } = await registrar.register(tenantId, [service], own, { by: this.by });
    const runner = runners[0] ?? instanceTable.find(instanceName(service, tenantId));
    return { runner, created: added.has(runner) };
  }

  async start(instance: InstanceName, options: { wait?: boolean | undefined } = {}): Promise<InstanceView> {
    this.deps.life.assertOpen();
    const runner = this.startable(instance);
    runner.ask({ type: 'start', by: this.by });
    if (options.wait !== false) await this.served(runner);
    return this.savedView(runner);
  }

  async stop(instance: InstanceName, { drainTimeoutMs }: DrainOptions = {}): Promise<InstanceView> {
    const runner = this.deps.parts.instanceTable.find(instance);
    runner.dispatch({ type: 'stop', by: this.by });
    runner.limitDrain(drainTimeoutMs);
    await runner.until(() => runner.lifecycle.desired !== 'stopped' || !runner.hasProcess);
    return this.savedView(runner);
  }

  async restart(instance: InstanceName, { drainTimeoutMs }: DrainOptions = {}): Promise<InstanceView> {
    this.deps.life.assertOpen();
    const runner = this.startable(instance);
    runner.ask({ type: 'restart', by: this.by });
    runner.limitDrain(drainTimeoutMs);
    await this.served(runner);
    return this.savedView(runner);
  }

  async sleep(instance: InstanceName, { drainTimeoutMs }: DrainOptions = {}): Promise<InstanceView> {
    const runner = this.deps.parts.instanceTable.find(instance);
    runner.dispatch({ type: 'sleep', by: this.by });
    runner.limitDrain(drainTimeoutMs);
    await runner.until(() => runner.lifecycle.state !== 'draining' && runner.lifecycle.state !== 'stopping');
    return this.savedView(runner);
  }

  async set(instance: InstanceName, changes: InstanceChanges): Promise<InstanceView> {
    this.deps.life.assertOpen();
    const { tenantId } = this.deps.parts.instanceTable.find(instance);
    return this.deps.parts.tenantLocks.withTenant(tenantId, async () => {
      const runner = this.deps.parts.instanceTable.find(instance);
      const changed = await changeOverrides(runner, changes, this.deps.parts);
      if (changed === null) return this.deps.view(runner);
      this.tell('changed', instance, `changed: ${changed.fields.join(', ')}`, changed);
      await replaceOutdated(runner, this.by);
      return this.savedView(runner);
    });
  }

  async remove(instance: InstanceName, options: DrainOptions & { purge?: boolean | undefined } = {}): Promise<void> {
    const runner = this.deps.parts.instanceTable.find(instance);
    this.deps.parts.tenantLocks.assertIdle(runner.tenantId);
    await this.deps.parts.provisioning.abort(runner.tenantId);
    runner.dispatch({ type: 'remove', by: this.by });
    runner.limitDrain(options.drainTimeoutMs);
    await runner.until(() => runner.lifecycle.over);
    if (this.deps.parts.instanceTable.get(instance) === runner)
      await this.deps.parts.registrar.unregister(runner, { purge: options.purge === true, by: this.by });
  }

  /**
   * Prepares an operator's command in an instance's environment. Wakes nothing.
   * @throws {TenementError} `unknown_tenant`, `command_not_found`, `exec_failed`, `secret_missing`, `secrets_locked`
   */
  async prepareCommand(instance: InstanceName, asked: OperatorCommand): Promise<PreparedCommand> {
    const { secrets, deps } = this.deps.parts;
    const runner = this.deps.parts.instanceTable.find(instance);
    this.deps.parts.services.assertSameUser(runner.service.name, runner.tenantId);
    const { versions, values } = await secrets.forStart(runner.tenantId, runner.service);
    const request = { ...runner.launchRequest(), secrets: versions };
    const prepared = await deps.launcher.prepareCommand(request, asked, values);
    const [program = ''] = asked.words;
    this.tell('exec', instance, `an operator runs ${program}`, { program });
    return prepared;
  }

  private tell<Type extends 'changed' | 'exec'>(
    type: Type,
    instance: InstanceName,
    message: string,
    data: EventData[Type],
  ): void {
    const { events, clock } = this.deps.parts.deps;
    events.append({ atMs: clock.nowMs(), type, instance, message, data, by: this.by });
  }

  /** @throws {TenementError} `unknown_tenant`, or that its tenant is closed */
  private startable(instance: InstanceName): Runner {
    const { instanceTable, tenantGates, closedInstances, provisioning } = this.deps.parts;
    const runner = instanceTable.find(instance);
    if (closedInstances.has(instance) || tenantGates.isClosed(runner.tenantId, 'provisioning'))
      provisioning.board.assertNotFailed(runner.tenantId);
    tenantGates.assertMayRun(runner.tenantId);
    closedInstances.assertMayRun(instance);
    return runner;
  }

  /** Settles when it serves or its start has failed. @throws {TenementError} `provisioning_failed` */
  private async served(runner: Runner): Promise<void> {
    await runner.settled();
    if (runner.lifecycle.hooks !== 'wanted') return;
    const { provisioning } = this.deps.parts;
    await provisioning.run(runner.tenantId);
    provisioning.board.assertNotFailed(runner.tenantId);
    await runner.settled();
  }

  /** @throws {TenementError} `state_failed` when the change would be lost with this server */
  private async savedView(runner: Runner): Promise<InstanceView> {
    await runner.saved(SAVED_WAIT_MS);
    if (!runner.isUnsaved) return this.deps.view(runner);
    const what = `${runner.name} is ${runner.lifecycle.state}, but that would be forgotten if the server ended now`;
    throw unwritten(what, this.deps.parts.writeBehind.lastError);
  }
}

/** @throws {TenementError} `already_registered` when the settings differ from the registered ones */
function assertSame({ name, record }: Runner, asked: InstanceOverrides): void {
  const difference = ownDifference(record, asked);
  if (difference === null) return;
  throw new TenementError('already_registered', `${name} is registered, and this spawn asks for ${difference}`);
}

function ownOf({ env, limits }: SpawnOptions): InstanceOverrides {
  return { env: { ...env }, limits: ownLimits(limits ?? {}) };
}
