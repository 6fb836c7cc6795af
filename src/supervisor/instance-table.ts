/**
 * All instances that are served, by name, and the public socket that each has to itself. Most of thousands
 * sleep: they are kept as their records alone, and get a runner when somebody first asks for them.
 */
import type { Population } from '../core/input/diff-words.ts';
import { type InstanceName, type InstanceRecord, instanceName } from '../core/lifecycle/instance.ts';
import type { ActivationSockets, InstancePaths } from '../core/ports.ts';
import type { SocketAccess } from '../core/service/service.ts';
import { TenementError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { Activation } from './activation.ts';
import { Runner } from './instance/runner.ts';

export interface InstanceTableOptions {
  /** @throws {TenementError} `unknown_service` when the config does not have its service */
  makeRunner(record: InstanceRecord): Runner;
  readonly activationSockets: Pick<ActivationSockets, 'open' | 'remove'>;
  readonly logger: Logger;
  /** null when the config no longer has its service. */
  addressOf(record: InstanceRecord): Address | null;
}

/** Where an instance is reached, and who may reach it there. */
export interface Address {
  readonly paths: InstancePaths;
  readonly access: SocketAccess;
}

export class InstanceTable {
  private readonly members = new Map<InstanceName, Runner | InstanceRecord>();
  /** Public socket → whose it is. */
  private readonly owners = new Map<string, InstanceName>();
  private readonly listeners: ((instance: InstanceName, registered: boolean) => void)[] = [];
  private readonly options: InstanceTableOptions;
  private readonly activation: Activation;

  constructor(options: InstanceTableOptions) {
    this.options = options;
    this.activation = new Activation({
      logger: options.logger,
      open: (instance) => this.openActivationSocket(instance),
      nowMs: () => performance.now(),
      later: (run) => void setImmediate(run),
    });
  }

  /** Those that have a runner: all that are awake are among them. */
  *[Symbol.iterator](): Generator<Runner> {
    for (const member of this.members.values()) if (member instanceof Runner) yield member;
  }

  /** All of them, each with a runner, which for a sleeper is made for this once. */
  *everyone(): Generator<Runner> {
    for (const member of this.members.values()) {
      yield member instanceof Runner ? member : this.options.makeRunner(member);
    }
  }

  names(): Iterable<InstanceName> {
    return this.members.keys();
  }

  /** Calls `listener` for each that is taken in (true) or dropped (false). */
  onRegistration(listener: (instance: InstanceName, registered: boolean) => void): void {
    this.listeners.push(listener);
  }

  get size(): number {
    return this.members.size;
  }

  has(instance: InstanceName): boolean {
    return this.members.has(instance);
  }

  get(instance: InstanceName): Runner | undefined {
    const member = this.members.get(instance);
    if (member === undefined || member instanceof Runner) return member;
    const runner = this.options.makeRunner(member);
    this.members.set(instance, runner);
    return runner;
  }

  /** @throws {TenementError} `unknown_tenant` */
  find(instance: InstanceName): Runner {
    const runner = this.get(instance);
    if (runner !== undefined) return runner;
    throw new TenementError('unknown_tenant', `${instance} is not registered`);
  }

  /** The runners of a service. */
  ofService(name: string): Runner[] {
    return [...this].filter(({ service }) => service.name === name);
  }

  /** How many of a service there are, and run. */
  population(service: string): Population {
    let registered = 0;
    for (const instance of this.members.keys()) if (instance.startsWith(`${service}:`)) registered += 1;
    return { registered, running: this.ofService(service).filter(({ hasProcess }) => hasProcess).length };
  }

  /** Takes in one that sleeps; nobody answers for it yet. */
  add(record: InstanceRecord): void {
    const instance = instanceName(record.service, record.tenantId);
    this.members.set(instance, record);
    for (const listener of this.listeners) listener(instance, true);
    const socket = this.publicSocketOf(record);
    if (socket !== null) this.owners.set(socket, instance);
  }

  /** From now on somebody answers at the public socket of one that has no process there. */
  addActivationSocket(record: InstanceRecord): void {
    const address = this.options.addressOf(record);
    const instance = instanceName(record.service, record.tenantId);
    if (address !== null) this.options.activationSockets.open(instance, address.paths, address.access);
  }

  /** The same, once `openActivationSockets` is called: at once for those that were used last, soon after for the rest. */
  addActivationSocketSoon(record: InstanceRecord): void {
    this.activation.add(instanceName(record.service, record.tenantId), record.lastActivityAtMs ?? 0);
  }

  openActivationSockets(): void {
    this.activation.begin();
  }

  /** No further activation socket is sockets. */
  close(): void {
    this.activation.end();
  }

  /** Of one that may have been woken, or removed, since it was to have one. */
  private openActivationSocket(instance: InstanceName): void {
    const member = this.members.get(instance);
    if (member instanceof Runner) member.renewPublicSocket();
    else if (member !== undefined) this.addActivationSocket(member);
  }

  /** @throws {TenementError} `socket_conflict` when its public socket would be another's. */
  assertOwnSocket(record: InstanceRecord): void {
    const instance = instanceName(record.service, record.tenantId);
    const socket = this.publicSocketOf(record);
    const owner = socket === null ? undefined : this.owners.get(socket);
    if (owner === undefined || owner === instance) return;
    throw new TenementError('socket_conflict', `${instance} would have the socket of ${owner}, ${socket}`);
  }

  /** Does nothing when another has taken its place. */
  forget(runner: Runner): void {
    if (this.members.get(runner.name) === runner) this.drop(runner.name, runner.record);
  }

  /** Forgets those of a service that have no runner. */
  forgetSleepers(service: string): void {
    this.releaseSockets(service);
    for (const [instance, member] of this.members) {
      if (!(member instanceof Runner) && member.service === service) this.drop(instance, member);
    }
  }

  /** Goes over to the public sockets that a changed config gives to those of a service. */
  renewSockets(service: string): void {
    this.releaseSockets(service);
    for (const [instance, member] of this.members) {
      if (!instance.startsWith(`${service}:`)) continue;
      const socket = this.publicSocketOf(member instanceof Runner ? member.record : member);
      if (socket !== null) this.owners.set(socket, instance);
      if (!(member instanceof Runner)) this.addActivationSocketSoon(member);
    }
    this.openActivationSockets();
  }

  private publicSocketOf(record: InstanceRecord): string | null {
    return this.options.addressOf(record)?.paths.publicSocket ?? null;
  }

  private releaseSockets(service: string): void {
    for (const [socket, owner] of this.owners) if (owner.startsWith(`${service}:`)) this.owners.delete(socket);
  }

  private drop(instance: InstanceName, record: InstanceRecord): void {
    this.members.delete(instance);
    for (const listener of this.listeners) listener(instance, false);
    this.options.activationSockets.remove(instance);
    const socket = this.publicSocketOf(record);
    if (socket !== null && this.owners.get(socket) === instance) this.owners.delete(socket);
  }
}
