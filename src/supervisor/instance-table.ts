/**
 * All served instances by name, and the owner of each public socket. Of thousands, most sleep: those are kept as their
 * records alone, and get a runner on first use.
 */
import type { InstanceCounts } from '../core/input/diff-words.ts';
import { type InstanceName, type InstanceRecord, instanceName, unknownInstance } from '../core/lifecycle/instance.ts';
import type { ActivationSockets, InstancePaths } from '../core/ports.ts';
import type { SocketAccess } from '../core/service/service.ts';
import { TenementError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { Activation } from './activation.ts';
import { Runner } from './instance/runner.ts';

export interface InstanceTableOptions {
  /** @throws {TenementError} `unknown_service` when the config lacks its service */
  makeRunner(record: InstanceRecord): Runner;
  readonly activationSockets: Pick<ActivationSockets, 'open' | 'remove'>;
  readonly logger: Logger;
  /** Returns null when the config no longer has its service. */
  addressOf(record: InstanceRecord): Address | null;
}

/** Paths of an instance, and who may connect to its public socket. */
export interface Address {
  readonly paths: InstancePaths;
  readonly access: SocketAccess;
}

export class InstanceTable {
  private readonly members = new Map<InstanceName, Runner | InstanceRecord>();
  /** Public socket → its owner. */
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

  /** Iterates over instances with a runner, which include all that are awake. */
  *[Symbol.iterator](): Generator<Runner> {
    for (const member of this.members.values()) if (member instanceof Runner) yield member;
  }

  /** Iterates over instances, all unless `names` are given, each with a runner, which for a sleeper is temporary. */
  *everyone(names: Iterable<InstanceName> = this.members.keys()): Generator<Runner> {
    for (const name of names) {
      const member = this.members.get(name);
      if (member !== undefined) yield member instanceof Runner ? member : this.options.makeRunner(member);
    }
  }

  /** Each instance with its runner or, if it sleeps without one, its record. */
  entries(): Iterable<readonly [InstanceName, Runner | InstanceRecord]> {
    return this.members;
  }

  names(): Iterable<InstanceName> {
    return this.members.keys();
  }

  /** Calls `listener` whenever an instance is added (true) or dropped (false). */
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

  /** Returns its runner, unless it sleeps without one. */
  loaded(instance: InstanceName): Runner | undefined {
    const member = this.members.get(instance);
    return member instanceof Runner ? member : undefined;
  }

  /** Returns its record, without a runner for it. */
  record(instance: InstanceName): InstanceRecord | undefined {
    const member = this.members.get(instance);
    return member instanceof Runner ? member.record : member;
  }

  /** @throws {TenementError} `unknown_tenant` */
  find(instance: InstanceName): Runner {
    const runner = this.get(instance);
    if (runner !== undefined) return runner;
    throw unknownInstance(instance);
  }

  /** Returns the runners of a service. */
  ofService(name: string): Runner[] {
    return [...this].filter(({ service }) => service.name === name);
  }

  /** Counts the registered and the running instances of a service. */
  countInstances(service: string): InstanceCounts {
    let registered = 0;
    for (const instance of this.members.keys()) if (instance.startsWith(`${service}:`)) registered += 1;
    return { registered, running: this.ofService(service).filter(({ hasProcess }) => hasProcess).length };
  }

  /** Adds a sleeping instance; its public socket is opened separately. */
  add(record: InstanceRecord): void {
    const instance = instanceName(record.service, record.tenantId);
    this.members.set(instance, record);
    for (const listener of this.listeners) listener(instance, true);
    const socket = this.publicSocketOf(record);
    if (socket !== null) this.owners.set(socket, instance);
  }

  /** Opens the activation socket of an instance whose process does not listen there. */
  addActivationSocket(record: InstanceRecord): void {
    const address = this.options.addressOf(record);
    const instance = instanceName(record.service, record.tenantId);
    if (address !== null) this.options.activationSockets.open(instance, address.paths, address.access, false);
  }

  /** The same, but only after `openActivationSockets`: at once for the most recently used, soon for the others. */
  addActivationSocketSoon(record: InstanceRecord): void {
    this.activation.add(instanceName(record.service, record.tenantId), record.lastActivityAtMs ?? 0);
  }

  openActivationSockets(): void {
    this.activation.begin();
  }

  /** Opens no further activation sockets. */
  close(): void {
    this.activation.end();
  }

  /** Opens the socket of an instance that may have been woken or removed since. */
  private openActivationSocket(instance: InstanceName): void {
    const member = this.members.get(instance);
    if (member instanceof Runner) member.renewPublicSocket();
    else if (member !== undefined) this.addActivationSocket(member);
  }

  /** @throws {TenementError} `socket_conflict` when its public socket belongs to another instance */
  assertOwnSocket(record: InstanceRecord): void {
    const instance = instanceName(record.service, record.tenantId);
    const twin = twinsOf(instance).find((one) => this.members.has(one));
    if (twin !== undefined)
      throw new TenementError('socket_conflict', `${instance} would have the private socket and the logs of ${twin}`, {
        hint: 'Give the tenant another id: service and id, joined by a hyphen, must name one instance.',
      });
    const socket = this.publicSocketOf(record);
    const owner = socket === null ? undefined : this.owners.get(socket);
    if (owner === undefined || owner === instance) return;
    throw new TenementError('socket_conflict', `${instance} would have the socket of ${owner}, ${socket}`);
  }

  /** Removes an instance, unless another has taken its place. */
  forget(runner: Runner): void {
    if (this.members.get(runner.name) === runner) this.drop(runner.name, runner.record);
  }

  /** Removes instances of a service that have no runner. */
  forgetSleepers(service: string): void {
    this.releaseSockets(service);
    for (const [instance, member] of this.members) {
      if (!(member instanceof Runner) && member.service === service) this.drop(instance, member);
    }
  }

  /** Switches instances of a service to the public sockets of a changed config. */
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

/** Returns the other instances whose service and tenant give the same name when a hyphen joins them, as files have it. */
function twinsOf(instance: InstanceName): InstanceName[] {
  const joined = instance.replace(':', '-');
  const hyphens = Array.from(joined.matchAll(/-/g), ({ index }) => index);
  const names = hyphens.map((at) => instanceName(joined.slice(0, at), joined.slice(at + 1)));
  return names.filter((name) => name !== instance);
}
