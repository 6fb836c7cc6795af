/** The built-in proxy: `acme.example.com` → acme's socket. */
import type { Socket } from 'node:net';
import { ConnectionCap, clientOfSocket } from '../connection-cap.ts';
import type { TurnedAway } from '../core/admission/turned-away.ts';
import type { ListenTarget } from '../core/service/listen-target.ts';
import type { ListenAddress } from '../core/service/service.ts';
import type { ProxyTls } from '../core/tls/tls-source.ts';
import { confine } from '../faults.ts';
import type { ClientRequest } from './client/client.ts';
import type { ClientOfSource, ClientSource } from './client/client-source.ts';
import { type Listeners, listen } from './client/listeners.ts';
import { createClientHandler, type OwnGateway } from './client-handler.ts';
import { tooMany } from './exchange/error-page.ts';
import { type GatewayOptions, openGateway, probe, routeOf } from './gateway.ts';
import { LAST_REQUEST_MS } from './grace.ts';
import { InFlight } from './in-flight.ts';
import { ownSources } from './own-sources.ts';
import type { TlsListener } from './tls-listener.ts';

export interface ProxyOptions extends GatewayOptions {
  readonly turnedAway: TurnedAway;
  /** Needed when it listens for TLS. */
  readonly tls?: ProxyTls;
}

/** Where a proxy listens for plain HTTP, and for TLS. */
export interface ProxyTarget extends ListenTarget {
  /** Default: nowhere. */
  readonly tls?: ListenTarget | null;
}

export interface ProxyAddress extends ListenAddress {
  readonly tls?: ListenAddress | null;
}

export interface ProxyServer {
  /** Settles with the address, its ports filled in. @throws {TenementError} `listen_failed` */
  listen(target: ProxyTarget): Promise<ProxyAddress>;
  /**
   * Accepts no more; lets requests under way end for `graceMs`, or until `hurry` aborts, then cuts them. Streams are cut
   * when everything else has ended.
   */
  close(graceMs: number, hurry?: AbortSignal): Promise<void>;
}

export function createProxy(options: ProxyOptions): ProxyServer {
  const gateway = openGateway(options, new InFlight());
  return new BuiltInProxy(options, gateway);
}

class BuiltInProxy implements ProxyServer {
  private readonly options: ProxyOptions;
  private readonly gateway: OwnGateway;
  private readonly cap: ConnectionCap;
  private readonly listeners: Listeners[] = [];
  private source: ClientSource | null = null;
  private tls: TlsListener | null = null;
  private patienceMs = 0;

  constructor(options: ProxyOptions, gateway: OwnGateway) {
    this.options = options;
    this.gateway = gateway;
    this.cap = capOf(options);
  }

  async listen({ tls = null, ...plain }: ProxyTarget): Promise<ProxyAddress> {
    const boundTls = tls === null ? null : await this.listenSecurely(tls);
    const { gateway, cap } = this;
    const route = (request: ClientRequest) => routeOf(request, gateway);
    const source = ownSources(gateway, cap, createClientHandler(gateway, route, this.tls?.ownAnswer));
    this.source = source;
    const bound = await this.open(plain, tls === null ? 1 : 2, (socket) => accept(socket, source, gateway, cap));
    return { ...bound, tls: boundTls };
  }

  async close(graceMs: number, hurry?: AbortSignal): Promise<void> {
    const closed = Promise.all(this.listeners.map((listeners) => listeners.close()));
    await this.gateway.inFlight.drain(graceMs, hurry, this.patienceMs);
    this.tls?.close();
    this.gateway.pools.destroy();
    await closed;
    this.source?.close();
  }

  /** Loads TLS, which most servers do not need. */
  private async listenSecurely(target: ListenTarget): Promise<ListenAddress> {
    const { gateway, cap, options } = this;
    if (options.tls === undefined) throw new Error('a proxy that listens for TLS needs certificates');
    const { openTlsListener } = await import('./tls-listener.ts');
    const tls = await openTlsListener({ ...options.tls, gateway, cap, settings: options.settings });
    this.tls = tls;
    const bound = await this.open(target, 2, (socket) => tls.accept(socket));
    tls.listensAt(bound.port);
    return bound;
  }

  /** @param ports how many ports share the sockets that listen */
  private async open(target: ListenTarget, ports: number, onConnection: (socket: Socket) => void) {
    const { limits, logger } = this.options;
    // Another server accepts at these sockets next, so a client loses nothing by its last response here.
    if (target.openSockets !== undefined) this.patienceMs = LAST_REQUEST_MS;
    const sockets = Math.max(1, Math.floor(limits.listeners / ports));
    const listeners = await listen(target, { sockets, logger, onConnection });
    this.listeners.push(listeners);
    return listeners.address;
  }
}

function capOf({ limits, turnedAway, logger }: ProxyOptions): ConnectionCap {
  const { maxConnections, maxConnectionsPerClient } = limits;
  const room = { inAll: maxConnections, perClient: maxConnectionsPerClient };
  return new ConnectionCap({ listener: 'proxy', limits: room, turnedAway, logger, answer: tooMany });
}

function accept(socket: Socket, source: ClientSource, gateway: OwnGateway, cap: ConnectionCap): void {
  confine(socket, gateway.logger);
  let client: ClientOfSource | null = null;
  const idleMs = (nowMs: number) => client?.idleMs(nowMs) ?? 0;
  if (!cap.admit(socket, clientOfSocket(socket, gateway.isTrusted), idleMs)) return;
  probe(socket, gateway);
  client = source.take(socket);
  gateway.inFlight.connected(socket, client);
}
