/**
 * Serves the connections that tenement accepts at public sockets. If a socket is `proxied`, its requests are served as by
 * the proxy. Otherwise a connection is held until its instance is ready, then spliced to the instance's socket, byte for
 * byte. When it cannot be served, its client gets the response that the proxy would give.
 */
import type { Socket } from 'node:net';
import { ConnectionCap } from '../connection-cap.ts';
import type { ConnectionLimits } from '../core/admission/connection-limiter.ts';
import type { TurnedAway } from '../core/admission/turned-away.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import { confine } from '../faults.ts';
import { ActivationSessions } from './activation-sessions.ts';
import type { ClientOfSource } from './client/client-source.ts';
import { HeldConnection } from './client/held-connection.ts';
import { tooMany } from './exchange/error-page.ts';
import type { GatewayOptions } from './gateway.ts';
import { LAST_REQUEST_MS } from './grace.ts';
import { SocketServer } from './socket-server.ts';

export interface PublicSocketsOptions extends GatewayOptions {
  /** Most open connections, in all and for each instance, until their clients close them. */
  readonly connections: ConnectionLimits;
  readonly turnedAway: TurnedAway;
  /** Whether the instance's public socket is `proxied` now. */
  isProxied(instance: InstanceName): boolean;
}

export class PublicSockets {
  private readonly options: PublicSocketsOptions;
  private readonly cap: ConnectionCap;
  private readonly sessions: ActivationSessions;
  /** Readers of connections to `proxied` sockets. */
  private readonly clients = new WeakMap<Socket, ClientOfSource>();
  /** Created when a socket is `proxied`, or a front server connects. */
  private server: SocketServer | null = null;
  private patienceMs = 0;

  constructor(options: PublicSocketsOptions) {
    const { connections, turnedAway, logger } = options;
    this.options = options;
    this.cap = new ConnectionCap({
      listener: 'public-sockets',
      limits: connections,
      turnedAway,
      logger,
      answer: tooMany,
    });
    const takeOver = (instance: InstanceName, connection: HeldConnection) => this.takeOver(instance, connection);
    this.sessions = new ActivationSessions({ ...options, takeOver });
  }

  /**
   * Takes an accepted connection, paused and unread, and serves it to its end.
   * @param inherited whether it waited at another listener, so that its client may have left; such a client wakes no
   * instance
   */
  take(instance: InstanceName, socket: Socket, inherited: boolean): void {
    const { logger, isProxied } = this.options;
    confine(socket, logger, { instance });
    // Whether a spliced connection is idle is unknown, because its bytes are not interpreted.
    const idleMs = (nowMs: number) => this.clients.get(socket)?.idleMs(nowMs) ?? 0;
    if (!this.cap.admit(socket, instance, idleMs)) return;
    if (isProxied(instance)) return this.read(instance, socket);
    // A reset also raises `close`.
    socket.on('error', () => {});
    this.sessions.serve(instance, new HeldConnection(socket), inherited);
  }

  /** Takes a connection, paused and unread, of a front server that names the instance of each request by its host. */
  takeOfFront(socket: Socket): void {
    confine(socket, this.options.logger);
    const idleMs = (nowMs: number) => this.clients.get(socket)?.idleMs(nowMs) ?? 0;
    if (this.cap.admit(socket, null, idleMs)) this.read(null, socket);
  }

  private read(instance: InstanceName | null, socket: Socket): void {
    this.server ??= new SocketServer(this.options);
    this.clients.set(socket, this.server.take(instance, socket));
  }

  private takeOver(instance: InstanceName, connection: HeldConnection): boolean {
    if (!this.options.isProxied(instance)) return false;
    const held = Buffer.concat(connection.detach());
    if (held.length > 0) connection.socket.unshift(held);
    this.read(instance, connection.socket);
    return true;
  }

  /** Moves connections to the next process, each after its response, because this process gets no further request. */
  retire(generation: number): void {
    this.sessions.retire(generation);
  }

  /** Another server accepts at the sockets next, so that a client loses nothing by its last response here. */
  expectNext(): void {
    this.patienceMs = LAST_REQUEST_MS;
  }

  /** Refuses further requests, and lets those under way at `proxied` sockets end, as `SocketServer.close`. */
  async drain(graceMs: number, hurry?: AbortSignal): Promise<void> {
    const { patienceMs } = this;
    this.patienceMs = 0;
    await this.server?.close(graceMs, hurry, patienceMs);
  }

  /** Closes connections whose clients wait for nothing, now and in the future. */
  close(): void {
    this.sessions.close();
  }
}
