/** All instances that are served: by name, and by the public socket that each has to itself. */
import type { InstanceName } from '../core/instance.ts';
import { TenementError } from '../errors.ts';
import type { Runner } from './runner.ts';

export class Fleet {
  private readonly runners = new Map<InstanceName, Runner>();
  /** Public socket → who has it, and back. */
  private readonly owners = new Map<string, InstanceName>();
  private readonly sockets = new Map<Runner, string | null>();

  [Symbol.iterator](): Iterator<Runner> {
    return this.runners.values();
  }

  has(instance: InstanceName): boolean {
    return this.runners.has(instance);
  }

  get(instance: InstanceName): Runner | undefined {
    return this.runners.get(instance);
  }

  /** @throws {TenementError} `unknown_tenant` */
  find(instance: InstanceName): Runner {
    const runner = this.runners.get(instance);
    if (runner !== undefined) return runner;
    throw new TenementError('unknown_tenant', `${instance} is not registered`);
  }

  ofService(name: string): Runner[] {
    return [...this].filter(({ service }) => service.name === name);
  }

  add(runner: Runner): void {
    const { publicSocket } = runner.configuredPaths;
    this.runners.set(runner.name, runner);
    this.sockets.set(runner, publicSocket);
    if (publicSocket !== null) this.owners.set(publicSocket, runner.name);
  }

  /** @throws {TenementError} `socket_conflict` when its public socket is another's. */
  assertOwnSocket(runner: Runner): void {
    const { publicSocket } = runner.configuredPaths;
    const owner = publicSocket === null ? undefined : this.owners.get(publicSocket);
    if (owner === undefined || owner === runner.name) return;
    throw new TenementError('socket_conflict', `${runner.name} would have the socket of ${owner}, ${publicSocket}`);
  }

  /** Does nothing when another runner has taken its place. */
  forget(runner: Runner): void {
    if (this.runners.get(runner.name) !== runner) return;
    this.runners.delete(runner.name);
    const socket = this.sockets.get(runner) ?? null;
    this.sockets.delete(runner);
    if (socket !== null && this.owners.get(socket) === runner.name) this.owners.delete(socket);
  }
}
