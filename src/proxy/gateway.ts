/** What all requests of one proxy share, and facts about a request before it is routed. */
import { isIP, type Socket } from 'node:net';
import { CLIENT_PROBES, type ClientProbes } from '../core/admission/client-probes.ts';
import type { Requester, UpstreamSource } from '../core/admission/serving.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import { RequestMeasures } from '../core/observing/request-measures.ts';
import { NO_TRACING, type Tracing } from '../core/observing/request-trace.ts';
import { clientOf } from '../core/routing/address.ts';
import type { ProxySettingsFeed } from '../core/routing/proxy-settings.ts';
import { RoutingIndex } from '../core/routing/routing-index.ts';
import type { ProxyLimits } from '../core/service/service.ts';
import type { Logger } from '../logger.ts';
import type { ClientRequest } from './client/client.ts';
import type { InFlight } from './in-flight.ts';
import { followIdentity, type IdentityOptions } from './routing/follow-identity.ts';
import { headerValues } from './routing/headers.ts';
import { isRequestId, nextRequestId } from './routing/request-id.ts';
import { type Routed, routeRequest, routeToInstance } from './routing/route.ts';
import type { TenantRouter } from './routing/tenant-router.ts';
import { followTrusted, type IsTrusted, plainAddress } from './routing/trusted.ts';
import { UpstreamPools } from './upstream/upstream-pools.ts';

export interface Gateway {
  readonly source: UpstreamSource;
  readonly pools: UpstreamPools;
  readonly inFlight: Pick<InFlight, 'begin' | 'end' | 'becomeStream'>;
  readonly logger: Logger;
  readonly isTrusted: IsTrusted;
  readonly limits: ProxyLimits;
  readonly clientProbes: ClientProbes;
  readonly measures: Pick<RequestMeasures, 'answered' | 'refused'>;
  readonly tracing: Tracing;
  /** Index of the routing table that was published last. */
  routing: RoutingIndex;
  /** Routes by what else may name the tenant; null when only the host does. */
  identity: TenantRouter | null;
  /**
   * Controller for the next claim. Most claims settle at once without using it, so it is replaced only after a claim
   * was held.
   */
  spare: AbortController;
}

export interface GatewayOptions {
  readonly source: UpstreamSource;
  readonly settings: ProxySettingsFeed;
  readonly limits: ProxyLimits;
  readonly logger: Logger;
  /** Default: no keys. */
  readonly identity?: IdentityOptions;
  /** TCP keep-alive of clients' connections. */
  readonly clientProbes?: ClientProbes | undefined;
  /** Where requests are measured. Default: nowhere else. */
  readonly measures?: Gateway['measures'] | undefined;
  /** Default: requests are not traced. */
  readonly tracing?: Tracing | undefined;
  /** Whether peers on Unix sockets are trusted proxies. They have no address. Default: no. */
  readonly trustsUnixSockets?: boolean;
}

export function openGateway<Open extends Gateway['inFlight']>(options: GatewayOptions, inFlight: Open) {
  const { source, settings, logger, limits, clientProbes = CLIENT_PROBES, trustsUnixSockets = false } = options;
  const onConnection = (generation: number, change: 1 | -1) => source.countConnection(generation, change);
  const pools = new UpstreamPools(logger, onConnection, limits.maxConnections);
  source.onRetired((generation) => pools.retire(generation));
  const isListed = followTrusted(settings);
  const isTrusted: IsTrusted = trustsUnixSockets ? (address) => address === '' || isListed(address) : isListed;
  const gateway: Gateway & { readonly inFlight: Open } = {
    source,
    logger,
    pools,
    inFlight,
    isTrusted,
    routing: new RoutingIndex(settings.current.routing, settings.domains),
    identity: null,
    limits,
    clientProbes,
    measures: options.measures ?? new RequestMeasures(),
    tracing: options.tracing ?? NO_TRACING,
    spare: new AbortController(),
  };
  settings.follow(({ routing }) => {
    if (routing.version !== gateway.routing.version) gateway.routing = new RoutingIndex(routing, settings.domains);
  });
  followIdentity(settings, gateway, options.identity);
  return gateway;
}

/** The client of a request, and the id under which the request is logged. */
export interface Caller extends Requester {
  readonly requestId: string;
  readonly peer: string;
  readonly trusted: boolean;
}

export function callerOf(request: Pick<ClientRequest, 'socket' | 'rawHeaders'>, gateway: Gateway): Caller {
  const peer = plainAddress(request.socket.remoteAddress ?? '');
  const trusted = gateway.isTrusted(peer);
  const given = trusted ? headerValues(request.rawHeaders, 'x-request-id')[0] : undefined;
  const requestId = given !== undefined && isRequestId(given) ? given : nextRequestId();
  return new ProxyCaller(peer, trusted, requestId, request.rawHeaders, gateway.isTrusted);
}

class ProxyCaller implements Caller {
  readonly peer: string;
  readonly trusted: boolean;
  readonly requestId: string;
  // Private, so that they are not logged with the rest.
  readonly #rawHeaders: readonly string[];
  readonly #isTrusted: IsTrusted;

  constructor(peer: string, trusted: boolean, requestId: string, rawHeaders: readonly string[], isTrusted: IsTrusted) {
    this.peer = peer;
    this.trusted = trusted;
    this.requestId = requestId;
    this.#rawHeaders = rawHeaders;
    this.#isTrusted = isTrusted;
  }

  /**
   * Behind trusted front servers, returns the last address of the chain that is not one of them; null for a peer without
   * an address that names none.
   */
  get client(): string | null {
    if (!this.trusted) return this.peer === '' ? null : clientOf(this.peer);
    const chain = headerValues(this.#rawHeaders, 'x-forwarded-for').join(',').split(',');
    const addresses = chain.map((one) => plainAddress(one.trim()));
    const client = addresses.findLast((one) => isIP(one) > 0 && !this.#isTrusted(one)) ?? this.peer;
    return client === '' ? null : clientOf(client);
  }
}

/** Enables keep-alive probes, because a silent stream of a vanished client would keep its tenant awake for ever. */
export function probe(socket: Socket, { clientProbes }: Pick<Gateway, 'clientProbes'>): void {
  const { idleMs, intervalMs, count } = clientProbes;
  socket.setKeepAlive(true, idleMs, intervalMs, count);
}

export function routeOf(
  request: Pick<ClientRequest, 'url' | 'rawHeaders' | 'socket'>,
  gateway: Gateway,
): Routed | Promise<Routed> {
  const { identity } = gateway;
  if (identity !== null) return identity.route(request, isFromTrusted(request, gateway));
  return routeRequest(request, gateway.routing, (instance) => gateway.source.has(instance));
}

/** Routes a request whose connection names the instance. */
export function routeOfInstance(
  request: Pick<ClientRequest, 'url' | 'rawHeaders' | 'socket'>,
  instance: InstanceName,
  gateway: Gateway,
): Routed | Promise<Routed> {
  const { identity } = gateway;
  if (identity !== null) return identity.route(request, isFromTrusted(request, gateway), instance);
  return routeToInstance(request, instance, gateway.source.has(instance));
}

function isFromTrusted({ socket }: Pick<ClientRequest, 'socket'>, { isTrusted }: Gateway): boolean {
  return isTrusted(plainAddress(socket.remoteAddress ?? ''));
}
