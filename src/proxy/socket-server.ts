/**
 * Serves connections to sockets of tenement's as the proxy serves its own: to public sockets with
 * `public_socket = "proxied"`, which name the instance whatever the host, and to the socket of front servers, where the
 * host names it. The peer is a front server, because the socket's mode and group say who may connect:
 * what it states about its client is believed.
 */
import type { Socket } from 'node:net';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { ClientRequest } from './client/client.ts';
import type { ClientOfSource, ClientSource } from './client/client-source.ts';
import { createHttp1Source } from './client/http1-source.ts';
import { createClientHandler, type OwnGateway } from './client-handler.ts';
import { type GatewayOptions, openGateway, routeOf, routeOfInstance } from './gateway.ts';
import { InFlight } from './in-flight.ts';
import type { Routed } from './routing/route.ts';

export class SocketServer {
  private readonly gateway: OwnGateway;
  private readonly source: ClientSource;
  private readonly instances = new WeakMap<Socket, InstanceName>();
  private isClosing = false;

  constructor(options: GatewayOptions) {
    const { limits, logger } = options;
    this.gateway = openGateway({ ...options, trustsUnixSockets: true }, new InFlight());
    const handler = createClientHandler(this.gateway, (request) => this.route(request));
    this.source = createHttp1Source({ limits, logger, handler });
  }

  /**
   * Serves an accepted connection, paused and unread, to its end. @param instance the one that the socket names; null: the
   * host of each request names one
   */
  take(instance: InstanceName | null, socket: Socket): ClientOfSource {
    if (instance !== null) this.instances.set(socket, instance);
    const client = this.source.take(socket);
    this.gateway.inFlight.connected(socket, client);
    socket.resume();
    return client;
  }

  /**
   * Refuses further requests with 503; lets those under way end for `graceMs`, or until `hurry` aborts, then closes all
   * connections. @param patienceMs for how long requests that are on their way are served first
   */
  async close(graceMs: number, hurry?: AbortSignal, patienceMs = 0): Promise<void> {
    this.isClosing = patienceMs === 0;
    await this.gateway.inFlight.drain(graceMs, hurry, patienceMs);
    this.isClosing = true;
    this.gateway.pools.destroy();
    this.source.close();
  }

  private route(request: ClientRequest): Routed | Promise<Routed> {
    if (this.isClosing) return { refused: 'shutting_down' };
    const instance = this.instances.get(request.socket);
    if (instance === undefined) return routeOf(request, this.gateway);
    return routeOfInstance(request, instance, this.gateway);
  }
}
