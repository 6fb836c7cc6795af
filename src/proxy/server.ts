/** The built-in proxy: `acme.example.com` → acme's socket. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RoutingTable } from '../core/routing.ts';
import type { ListenAddress, ProxyLimits } from '../core/service.ts';
import type { UpstreamSource } from '../core/serving.ts';
import type { ErrorCode } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { answerError, errorAnswer, rawAnswer } from './error-page.ts';
import { Exchange } from './exchange.ts';
import { FewATurn } from './few-a-turn.ts';
import { callerOf, type Gateway, routeOf } from './gateway.ts';
import { InFlight } from './in-flight.ts';
import { type Listeners, listen } from './listeners.ts';
import { nextRequestId } from './request-id.ts';
import { trustedPeers } from './trusted.ts';
import { createUpgrader, isWebSocket } from './upgrade.ts';
import { UpstreamPools } from './upstream-pools.ts';

/** How often Node looks for headers that take too long. */
const HEADER_CHECK_MS = 1000;

export interface ProxyOptions {
  readonly source: UpstreamSource;
  table(): RoutingTable;
  /** Addresses and CIDR ranges; asked each time, as `table` is: a reload may change them. */
  trustedProxies(): readonly string[];
  readonly limits: ProxyLimits;
  readonly logger: Logger;
}

export interface ProxyServer {
  /** Settles with the address, its port filled in. @throws {TenementError} `listen_failed` */
  listen(address: ListenAddress): Promise<ListenAddress>;
  /** Takes no more; lets what is under way end for `graceMs`, then cuts it. Streams are cut when all else has ended. */
  close(graceMs: number): Promise<void>;
}

export function createProxy(options: ProxyOptions): ProxyServer {
  const { source, logger } = options;
  const gateway: Gateway = {
    source,
    logger,
    pools: new UpstreamPools((generation, change) => source.countConnection(generation, change)),
    inFlight: new InFlight(),
    isTrusted: trustedPeers(() => options.trustedProxies()),
    table: () => options.table(),
    limits: options.limits,
    spare: new AbortController(),
  };
  source.onRetired((generation) => gateway.pools.retire(generation));
  const server = makeServer(gateway);
  let listeners: Listeners | null = null;
  return {
    listen: async (address) => {
      listeners = await listen(server, address);
      return listeners.address;
    },
    close: async (graceMs) => {
      const closed = listeners?.close();
      await gateway.inFlight.drain(graceMs);
      gateway.pools.destroy();
      await closed;
      // Ends http's own timer.
      server.close();
    },
  };
}

function makeServer(gateway: Gateway): Server {
  const { headerTimeoutMs, keepAliveTimeoutMs, maxHeaderBytes } = gateway.limits;
  const server = createServer({
    requireHostHeader: false,
    // Uploads may take as long as they like.
    requestTimeout: 0,
    headersTimeout: headerTimeoutMs,
    connectionsCheckingInterval: Math.min(HEADER_CHECK_MS, headerTimeoutMs),
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: maxHeaderBytes,
    shouldUpgradeCallback: isWebSocket,
  });
  const handle = (request: IncomingMessage, response: ServerResponse) => serve(request, response, gateway);
  server.on('connection', (socket) => gateway.inFlight.connected(socket));
  server.on('request', handle);
  // With Expect: 100-continue the body is asked for when a tenant reads it.
  server.on('checkContinue', handle);
  server.on('upgrade', createUpgrader(gateway));
  server.on('connect', (_request, socket) => refuseRaw(socket, 'bad_request'));
  const refusals = new FewATurn();
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    refusals.add(() => refuseClient(error, socket, gateway));
  });
  return server;
}

function refuseClient(error: NodeJS.ErrnoException, socket: Duplex, { inFlight }: Gateway): void {
  // Never into the middle of a response.
  if (socket instanceof Socket && inFlight.isAnswering(socket)) socket.destroy();
  else refuseRaw(socket, PARSE_ERRORS[error.code ?? ''] ?? 'bad_request');
}

function serve(request: IncomingMessage, response: ServerResponse, gateway: Gateway): void {
  const caller = callerOf(request, gateway);
  const route = routeOf(request, gateway);
  gateway.inFlight.begin(response);
  if (!('refused' in route)) return new Exchange(request, response, route, caller, gateway).start();
  response.once('close', () => gateway.inFlight.end(response));
  answerError(request, response, route.refused, { requestId: caller.requestId, retryAfterS: null });
}

const PARSE_ERRORS: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'client_too_slow',
};

/** For what could not be parsed, or is not for a proxy like this one. */
function refuseRaw(socket: Duplex, code: ErrorCode): void {
  if (!socket.writable) return void socket.destroy();
  const answer = rawAnswer(errorAnswer(code, { accept: '', requestId: nextRequestId(), retryAfterS: null }));
  socket.end(answer, () => socket.destroy());
}
