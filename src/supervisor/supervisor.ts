/** The public verbs over all instances. Knows every runner, and changes it only through events. */

import type { Admission, Grant, GrantSource, Requester, SecondTry } from '../core/admission/serving.ts';
import { ownDifference } from '../core/input/own-difference.ts';
import type { InstanceView, SpawnOptions, SupervisorVerbs } from '../core/input/verbs.ts';
import { type InstanceName, type InstanceOverrides, instanceName } from '../core/lifecycle/instance.ts';
import { ownLimits } from '../core/limits/limits.ts';
import type { OperatorCommand, PreparedCommand } from '../core/service/operator-command.ts';
import type { Config } from '../core/service/service.ts';
import { TenementError } from '../errors.ts';
import type { Runner } from './instance/runner.ts';
import type { InstanceTable } from './instance-table.ts';
import { instanceViewOf } from './instance-view.ts';
import { type EndOptions, ServerLife } from './server-life.ts';
import type { SupervisorDeps } from './supervisor-deps.ts';
import { SupervisorParts } from './supervisor-parts.ts';
import { unwritten } from './unwritten.ts';

/** How long a verb waits for its change to be written while another process holds the registry's lock. */
const SAVED_WAIT_MS = 5000;

export class Supervisor implements SupervisorVerbs, GrantSource {
  private readonly parts: SupervisorParts;
  private readonly instanceTable: InstanceTable;
  private readonly life: ServerLife;

  constructor(deps: SupervisorDeps) {
    this.parts = new SupervisorParts(deps, () => this.life.assertOpen());
    this.instanceTable = this.parts.instanceTable;
    this.life = new ServerLife(this.parts, (...asked) => this.spawn(...asked));
  }

  // ---- All instances -------------------------------------------------------------------------

  /** Takes up what the registry knows and what an earlier server left running, and starts what should run. */
  open(): Promise<void> {
    return this.life.open();
  }

  /**
   * Applies another config: new services are served, removed ones drain and end, changed ones restart one by one.
   * Returns a sentence for each change.
   * @throws {TenementError} `shutting_down`, `host_cannot`
   */
  apply(config: Config): string[] {
    return this.life.apply(config);
  }

  /** Ends every process; see `ServerLife.close`. */
  close(options: EndOptions = {}): Promise<void> {
    return this.life.close(options);
  }

  /** Leaves every process running for the next server; see `ServerLife.leave`. */
  leave(hurry?: AbortSignal): Promise<void> {
    return this.life.leave(hurry);
  }

  // ---- Requests ------------------------------------------------------------------------------

  has(instance: InstanceName): boolean {
    return this.instanceTable.has(instance);
  }

  claim(
    instance: InstanceName,
    signal: AbortSignal,
    again?: SecondTry,
    requester?: Requester,
  ): Admission | Promise<Admission> {
    if (!this.instanceTable.has(instance)) return { refused: 'unknown_tenant', retryAfterS: null };
    // A sleeper that is woken now would be left behind.
    if (this.life.isClosing) return { refused: 'shutting_down', retryAfterS: 1 };
    return this.instanceTable.find(instance).claim(signal, again, requester);
  }

  grant(instance: InstanceName): Grant | null {
    return this.instanceTable.get(instance)?.grant() ?? null;
  }

  names(): Iterable<InstanceName> {
    return this.instanceTable.names();
  }

  onRegistration(listener: (instance: InstanceName, registered: boolean) => void): void {
    this.instanceTable.onRegistration(listener);
  }

  countConnection(generation: number, change: 1 | -1): void {
    this.parts.generations.ownConnections.change(generation, change);
  }

  onRetired(listener: (generation: number) => void): void {
    this.parts.generations.onRetired(listener);
  }

  // ---- Verbs ---------------------------------------------------------------------------------

  async spawn(service: string, tenantId: string, options: SpawnOptions = {}) {
    this.life.assertOpen();
    const own = ownOf(options);
    const present = this.instanceTable.get(instanceName(service, tenantId));
    const { runner, created } =
      present === undefined ? await this.parts.register(service, tenantId, own) : { runner: present, created: false };
    this.life.assertOpen();
    if (!created) assertSame(runner, own);
    // Spawning again changes nothing that an operator or a crash loop decided; it only wakes a sleeper.
    if (options.start !== false) runner.ask({ type: created ? 'start' : 'wake' });
    if (options.wait !== false) await runner.settled();
    return { view: this.view(runner), created };
  }

  async start(instance: InstanceName, options: { wait?: boolean | undefined } = {}): Promise<InstanceView> {
    this.life.assertOpen();
    const runner = this.instanceTable.find(instance);
    runner.ask({ type: 'start' });
    if (options.wait !== false) await runner.settled();
    return this.savedView(runner);
  }

  async stop(instance: InstanceName): Promise<InstanceView> {
    const runner = this.instanceTable.find(instance);
    runner.dispatch({ type: 'stop' });
    await runner.until(() => runner.lifecycle.desired !== 'stopped' || !runner.hasProcess);
    return this.savedView(runner);
  }

  async restart(instance: InstanceName): Promise<InstanceView> {
    this.life.assertOpen();
    const runner = this.instanceTable.find(instance);
    runner.ask({ type: 'restart' });
    await runner.settled();
    return this.savedView(runner);
  }

  async sleep(instance: InstanceName): Promise<InstanceView> {
    const runner = this.instanceTable.find(instance);
    runner.dispatch({ type: 'sleep' });
    await runner.until(() => runner.lifecycle.state !== 'draining' && runner.lifecycle.state !== 'stopping');
    return this.savedView(runner);
  }

  async remove(instance: InstanceName, options: { purge?: boolean | undefined } = {}): Promise<void> {
    const runner = this.instanceTable.find(instance);
    runner.dispatch({ type: 'remove' });
    await runner.until(() => runner.lifecycle.over);
    if (this.instanceTable.get(instance) === runner)
      await this.parts.registrar.unregister(runner, options.purge === true);
  }

  /**
   * Prepares an operator's command in an instance's environment. Wakes nothing.
   * @throws {TenementError} `unknown_tenant`, `command_not_found`, `exec_failed`
   */
  async prepareCommand(instance: InstanceName, asked: OperatorCommand): Promise<PreparedCommand> {
    const { launcher, events, clock } = this.parts.deps;
    const runner = this.instanceTable.find(instance);
    this.parts.assertSameUser(runner.service.name, runner.tenantId);
    const prepared = await launcher.prepareCommand(runner.launchRequest(), asked);
    const [program = ''] = asked.words;
    const message = `an operator runs ${program}`;
    events.append({ atMs: clock.nowMs(), type: 'exec', instance, message, data: { program } });
    return prepared;
  }

  get(instance: InstanceName): InstanceView {
    return this.view(this.instanceTable.find(instance));
  }

  list(): InstanceView[] {
    const views = Array.from(this.instanceTable.everyone(), (runner) => this.view(runner));
    return views.sort((a, b) => (a.instance < b.instance ? -1 : 1));
  }

  /** How many instances are served. */
  get size(): number {
    return this.instanceTable.size;
  }

  /** @throws {TenementError} `state_failed` when the change would be lost with this server */
  private async savedView(runner: Runner): Promise<InstanceView> {
    await runner.saved(SAVED_WAIT_MS);
    if (!runner.isUnsaved) return this.view(runner);
    const what = `${runner.name} is ${runner.lifecycle.state}, but that would be forgotten if the server ended now`;
    throw unwritten(what, this.parts.writeBehind.lastError);
  }

  private view(runner: Runner): InstanceView {
    return instanceViewOf(runner, { nowMs: this.parts.deps.clock.nowMs(), webAddressOf: this.parts.deps.webAddressOf });
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
