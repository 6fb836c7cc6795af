/** The built-in proxy: `acme.example.com` → acme's socket. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { UpstreamSource } from '../core/ports.ts';
import type { RoutingTable } from '../core/routing.ts';
import type { ListenAddress } from '../core/service.ts';
import { TenementError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { errorAnswer, rawAnswer } from './error-page.ts';
import { answerError, Exchange } from './exchange.ts';
import { valuesOf } from './headers.ts';
import { routeRequest } from './route.ts';
import { plainAddress, trustedPeers } from './trusted.ts';
import { createUpgrader, refuseUpgrade } from './upgrade.ts';
import { UpstreamPools } from './upstream-pools.ts';

/** Longer than what front servers keep idle connections for, so that they close first (nginx: 60 s). */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_TIMEOUT_MS = 60_000;

export interface ProxyOptions {
  readonly source: UpstreamSource;
  table(): RoutingTable;
  readonly trustedProxies: readonly string[];
  readonly logger: Logger;
}

export interface ProxyServer {
  /** Settles with the address, its port filled in. @throws {TenementError} `listen_failed` */
  listen(address: ListenAddress): Promise<ListenAddress>;
  /** Takes no more; lets what is under way end for `graceMs`, then cuts it. */
  close(graceMs: number): Promise<void>;
}

export function createProxy(options: ProxyOptions): ProxyServer {
  const { source } = options;
  const pools = new UpstreamPools();
  const isTrusted = trustedPeers(options.trustedProxies);
  const upgrader = createUpgrader();
  const upgraded = new Set<Socket>();
  source.onRetired((generation) => pools.retire(generation));

  const contextOf = (request: IncomingMessage) => {
    const peer = plainAddress(request.socket.remoteAddress ?? '');
    const trusted = isTrusted(peer);
    const [given] = trusted ? valuesOf(request.rawHeaders, 'x-request-id') : [];
    return { source, pools, peer, trusted, requestId: given ?? randomUUID() };
  };
  const routeOf = (request: IncomingMessage) => {
    const head = { url: request.url ?? '/', rawHeaders: request.rawHeaders };
    return routeRequest(head, options.table(), (instance) => source.has(instance));
  };

  const server = createServer({ requireHostHeader: false, requestTimeout: 0, headersTimeout: HEADERS_TIMEOUT_MS });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const context = contextOf(request);
    const route = routeOf(request);
    if (!('refused' in route)) return new Exchange(request, response, route, context).start();
    answerError(request, response, route.refused, { requestId: context.requestId, retryAfterS: null });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    const context = contextOf(request);
    const route = routeOf(request);
    if ('refused' in route) refuseUpgrade(request, socket, route.refused, context.requestId, null);
    else upgrader(request, socket, head, route, context);
  });
  server.on('clientError', (_error, socket) => refuseUnparsed(socket));

  return {
    listen: (address) => listen(server, address),
    close: async (graceMs) => {
      await closeServer(server, upgraded, graceMs);
      await pools.destroy();
    },
  };
}

function refuseUnparsed(socket: import('node:stream').Duplex): void {
  if (!socket.writable) return void socket.destroy();
  socket.end(rawAnswer(errorAnswer('bad_request', { accept: '', requestId: randomUUID(), retryAfterS: null })));
}

function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'something listens there already' : error.message;
      reject(new TenementError('listen_failed', `the proxy cannot listen on ${address.host}:${address.port}: ${why}`));
    };
    server.once('error', fail);
    server.listen(address.port, address.host, () => {
      server.off('error', fail);
      const bound = server.address();
      resolve({ host: address.host, port: typeof bound === 'object' && bound !== null ? bound.port : address.port });
    });
  });
}

function closeServer(server: Server, upgraded: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
    }, graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
