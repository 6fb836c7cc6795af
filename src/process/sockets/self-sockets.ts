/**
 * The sockets of instances to tenement, one for each running process with `self_api`. A connection is the instance's,
 * because no other tenant can reach the path: its directory belongs to the server, and the socket to the tenant's user.
 */
import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { Logger } from '../../logger.ts';
import { ensureSocketDirs, type Owner } from '../storage/directories.ts';
import { listenInPlace } from './public-socket.ts';

/** More connections of one instance are closed at once. An application needs one. */
const MAX_CONNECTIONS = 16;

export type OnSelfConnection = (instance: InstanceName, connection: Socket) => void;

export interface SelfSocketsOptions {
  readonly logger: Logger;
  onConnection: OnSelfConnection;
}

export class SelfSockets {
  private readonly options: SelfSocketsOptions;
  private readonly servers = new Map<InstanceName, { readonly server: Server; readonly path: string }>();
  private readonly connections = new Map<InstanceName, Set<Socket>>();

  constructor(options: SelfSocketsOptions) {
    this.options = options;
  }

  /**
   * Listens at `path`, in place of what is there. @param owner the only user who may connect; null: the server's
   * @throws {Error} when it cannot listen
   */
  open(instance: InstanceName, path: string, owner: Owner | null): void {
    this.close(instance);
    const dir = dirname(path);
    ensureSocketDirs(dirname(dirname(dir)));
    mkdirSync(dir, { recursive: true });
    // Whatever the umask: only the socket's own mode decides who connects.
    chmodSync(dir, 0o755);
    const name = `${dir}.new`;
    rmSync(name, { force: true });
    const server = createServer((connection) => this.take(instance, connection));
    server.maxConnections = MAX_CONNECTIONS;
    server.on('error', (error) => this.options.logger.error({ instance, err: error }, 'its self API does not accept'));
    const prepare = () => {
      chmodSync(name, 0o600);
      if (owner !== null) chownSync(name, owner.uid, owner.gid);
    };
    listenInPlace(server, { bindName: name, path, prepare });
    this.servers.set(instance, { server, path });
  }

  /** Closes an instance's socket and its connections, and removes the path. Does nothing if it has none. */
  close(instance: InstanceName): void {
    const open = this.servers.get(instance);
    if (open === undefined) return;
    this.servers.delete(instance);
    open.server.close();
    for (const connection of this.connections.get(instance) ?? []) connection.destroy();
    rmSync(dirname(open.path), { recursive: true, force: true });
  }

  /** Stops listening, and leaves the paths to the next server. */
  release(): void {
    for (const { server } of this.servers.values()) server.close();
    for (const all of this.connections.values()) for (const connection of all) connection.destroy();
    this.servers.clear();
  }

  private take(instance: InstanceName, connection: Socket): void {
    const all = this.connections.get(instance) ?? new Set();
    this.connections.set(instance, all.add(connection));
    connection.once('close', () => {
      all.delete(connection);
      if (all.size === 0 && this.connections.get(instance) === all) this.connections.delete(instance);
    });
    this.options.onConnection(instance, connection);
  }
}
