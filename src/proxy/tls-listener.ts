/** Accepts connections on the port for TLS, and hands each that has become secure to the source of its protocol. */
import type { Socket } from 'node:net';
import { type ConnectionCap, clientOfSocket } from '../connection-cap.ts';
import type { ProxySettingsFeed } from '../core/routing/proxy-settings.ts';
import { sharedHosts } from '../core/routing/shared-hosts.ts';
import type { ProxyTls } from '../core/tls/tls-source.ts';
import { confine } from '../faults.ts';
import type { ClientRequest } from './client/client.ts';
import type { ClientOfSource } from './client/client-source.ts';
import { linger } from './client/linger.ts';
import { NO_ROOM_ALERT } from './client/tls/alert.ts';
import { Coverage } from './client/tls/coverage.ts';
import { Handshakes } from './client/tls/handshakes.ts';
import { createClientHandler, type OwnAnswer, type OwnGateway } from './client-handler.ts';
import { errorAnswer, rawAnswer } from './exchange/error-page.ts';
import { callerOf, probe, routeOf } from './gateway.ts';
import { ownSources } from './own-sources.ts';
import { headerValues } from './routing/headers.ts';
import { plainPortAnswers } from './routing/own-answers.ts';
import { nextRequestId } from './routing/request-id.ts';
import type { Routed } from './routing/route.ts';

/** By ALPN, the preferred one first. */
const PROTOCOLS = ['h2', 'http/1.1'];

export interface TlsListener {
  accept(socket: Socket): void;
  /** Tells the port, which redirects name. */
  listensAt(port: number): void;
  /** What the proxy itself answers to a request at its plain port; null: nothing. */
  readonly ownAnswer: (request: ClientRequest) => OwnAnswer | null;
  /** Ends handshakes, and releases what is held beside connections. */
  close(): void;
}

export interface TlsListenerOptions extends ProxyTls {
  readonly gateway: OwnGateway;
  readonly cap: ConnectionCap;
  readonly settings: Pick<ProxySettingsFeed, 'current' | 'follow'>;
}

export async function openTlsListener(options: TlsListenerOptions): Promise<TlsListener> {
  const { gateway, cap, source: certificates, counts, settings } = options;
  const { limits, logger } = gateway;
  const handler = createClientHandler(gateway, secureRoute(gateway));
  const source = ownSources(gateway, cap, handler);
  await source.loadHttp2();
  const clients = new WeakMap<Socket, ClientOfSource>();
  const isShared = sharedHosts(settings);
  /** Hosts of registered instances and those that tenants share, as `/api/ask` knows them. */
  const mayObtain = (name: string) =>
    settings.current.tls?.onDemand === true &&
    (gateway.routing.named(name)?.some((instance) => gateway.source.has(instance)) === true || isShared(name));
  const handshakes = new Handshakes({
    source: certificates,
    logger,
    counts,
    protocols: PROTOCOLS,
    limitMs: limits.headerTimeoutMs,
    mayObtain,
    onSecure: (socket, accepted) => {
      const client = source.take(socket);
      clients.set(accepted, client);
      gateway.inFlight.secured(accepted);
      gateway.inFlight.connected(socket, client);
    },
    onPlainHttp: refusePlainHttp,
  });
  let port = 0;
  return {
    accept: (socket) => {
      confine(socket, logger);
      const sinceMs = performance.now();
      // A handshake is no request under way, so it gives way to others.
      const idleMs = (nowMs: number) => clients.get(socket)?.idleMs(nowMs) ?? nowMs - sinceMs;
      if (!cap.admit(socket, clientOfSocket(socket, gateway.isTrusted), idleMs, () => NO_ROOM_ALERT)) return;
      probe(socket, gateway);
      gateway.inFlight.connecting(socket);
      handshakes.take(socket);
    },
    listensAt: (bound) => {
      port = bound;
    },
    ownAnswer: plainPortAnswers({
      table: certificates.table,
      settings: () => settings.current.tls,
      tlsPort: () => port,
      mayObtain,
      isTrusted: (request) => callerOf(request, gateway).trusted,
    }),
    close: () => {
      handshakes.close();
      source.close();
    },
  };
}

/** Refuses requests for hosts that the connection is not for. HTTP/2 has been asked before. */
function secureRoute(gateway: OwnGateway): (request: ClientRequest) => Routed | Promise<Routed> {
  const coverages = new WeakMap<Socket, Coverage>();
  return (request) => {
    const { socket, rawHeaders } = request;
    let coverage = coverages.get(socket);
    if (coverage === undefined) {
      coverage = new Coverage(socket);
      coverages.set(socket, coverage);
    }
    if (!coverage.includes(headerValues(rawHeaders, 'host')[0] ?? null)) return { refused: 'misdirected_request' };
    return routeOf(request, gateway);
  };
}

/** Answers like nginx, whose clients see what they did wrong. */
function refusePlainHttp(socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  socket.write(rawAnswer(errorAnswer('plain_http', { accept: '', requestId: nextRequestId(), retryAfterS: null })));
  socket.on('data', () => {}).resume();
  linger(socket);
}
