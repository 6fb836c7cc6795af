/**
 * Serves the connections to public sockets with `public_socket = "proxied"` as the proxy serves its own. The socket names
 * the instance, whatever the host. Its peer is a front server, because the socket's mode and group say who may connect:
 * what it states about its client is believed.
 */
import type { Socket } from 'node:net';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { ClientRequest } from './client/client.ts';
import type { ClientOfSource, ClientSource } from './client/client-source.ts';
import { createHttp1Source } from './client/http1-source.ts';
import { createClientHandler, type OwnGateway } from './client-handler.ts';
import { type GatewayOptions, openGateway, routeOfInstance } from './gateway.ts';
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

  /** Serves an accepted connection, paused and unread, to its end. */
  take(instance: InstanceName, socket: Socket): ClientOfSource {
    this.instances.set(socket, instance);
    this.gateway.inFlight.connected(socket);
    const client = this.source.take(socket);
    socket.resume();
    return client;
  }

  /**
   * Refuses further requests with 503; lets those under way end for `graceMs`, or until `hurry` aborts, then closes all
   * connections.
   */
  async close(graceMs: number, hurry?: AbortSignal): Promise<void> {
    this.isClosing = true;
    await this.gateway.inFlight.drain(graceMs, hurry);
    this.gateway.pools.destroy();
    this.source.close();
  }

  private route(request: ClientRequest): Routed | Promise<Routed> {
    if (this.isClosing) return { refused: 'shutting_down' };
    const instance = this.instances.get(request.socket);
    if (instance === undefined) return { refused: 'unknown_tenant' };
    return routeOfInstance(request, instance, this.gateway);
  }
}
