/** The built-in proxy: `acme.example.com` → acme's socket. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import type { Socket } from 'node:net';
import { ConnectionCap, clientOfSocket } from '../connection-cap.ts';
import type { TurnedAway } from '../core/admission/turned-away.ts';
import type { ListenAddress } from '../core/service/service.ts';
import type { ErrorCode } from '../errors.ts';
import { confine, confineWith, inside } from '../faults.ts';
import { requestOf } from './client/client.ts';
import type { ClientConnection } from './client/client-connection.ts';
import { ClientConnections } from './client/client-connections.ts';
import { linger, lingerUnderNode } from './client/linger.ts';
import { type Listeners, listen } from './client/listeners.ts';
import { faultOf } from './client/request-fault.ts';
import { feedOf, RequestFeed } from './client/request-feed.ts';
import { errorAnswer, rawAnswer, tooMany } from './exchange/error-page.ts';
import { FewATurn } from './exchange/few-a-turn.ts';
import { type Gateway, type GatewayOptions, openGateway, probe, routeOf } from './gateway.ts';
import { InFlight } from './in-flight.ts';
import { nextRequestId } from './routing/request-id.ts';
import { serve } from './serve.ts';
import { createUpgrader } from './tunnel/upgrade.ts';
import { askedProtocol } from './tunnel/upgrade-request.ts';

/** How often Node looks for headers that take too long. */
const HEADER_CHECK_MS = 1000;

export interface ProxyOptions extends GatewayOptions {
  readonly turnedAway: TurnedAway;
}

/** The gateway of a server with its own connections. */
type OwnGateway = Gateway & { readonly inFlight: InFlight };

export interface ProxyServer {
  /** Settles with the address and its actual port. @throws {TenementError} `listen_failed` */
  listen(address: ListenAddress): Promise<ListenAddress>;
  /**
   * Stops accepting, waits for open requests for `graceMs` or until `hurry` aborts, then closes their connections.
   * Streams are closed when everything else has ended.
   */
  close(graceMs: number, hurry?: AbortSignal): Promise<void>;
}

export function createProxy(options: ProxyOptions): ProxyServer {
  const gateway = openGateway(options, new InFlight());
  const server = makeServer(gateway, capOf(options));
  let listeners: Listeners | null = null;
  return {
    listen: async (address) => {
      listeners = await listen(server, address, options.limits.listeners);
      return listeners.address;
    },
    close: async (graceMs, hurry) => {
      const closed = listeners?.close();
      await gateway.inFlight.drain(graceMs, hurry);
      gateway.pools.destroy();
      await closed;
      // Stops http's own timer.
      server.close();
    },
  };
}

function capOf({ limits, turnedAway, logger }: ProxyOptions): ConnectionCap {
  const { maxConnections, maxConnectionsPerClient } = limits;
  const room = { inAll: maxConnections, perClient: maxConnectionsPerClient };
  return new ConnectionCap({ listener: 'proxy', limits: room, turnedAway, logger, answer: tooMany });
}

function makeServer(gateway: OwnGateway, cap: ConnectionCap): Server {
  const { headerTimeoutMs, keepAliveTimeoutMs, maxHeaderBytes } = gateway.limits;
  const server = createServer({
    requireHostHeader: false,
    // Uploads may take any time.
    requestTimeout: 0,
    headersTimeout: headerTimeoutMs,
    connectionsCheckingInterval: Math.min(HEADER_CHECK_MS, headerTimeoutMs),
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: maxHeaderBytes,
    shouldUpgradeCallback: (request) => askedProtocol(request) !== null,
  });
  // Otherwise node:http ends every connection whose client has closed its sending half. There is no option for this.
  Object.assign(server, { httpAllowHalfOpen: true });
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    for (const part of [request, response]) confineWith(request.socket, part);
    feedOf(request.socket)?.began(request, response);
    lingerUnderNode(request, response);
    serveMessage(request, response, gateway);
  };
  server.on('request', handle);
  // With Expect: 100-continue, the body is requested when a tenant reads it.
  server.on('checkContinue', handle).on('checkExpectation', handle);
  const upgrade = createUpgrader(gateway);
  server.on('upgrade', (request, socket, head) => {
    const rest = feedOf(request.socket)?.release() ?? Buffer.alloc(0);
    upgrade(request, socket as Socket, rest.length === 0 ? head : Buffer.concat([head, rest]));
  });
  server.on('connect', (request, socket) => {
    feedOf(request.socket)?.stop();
    refuseRaw(socket as Socket, 'bad_request');
  });
  const refusals = new FewATurn();
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    feedOf(socket as Socket)?.stop();
    refusals.add(inside(socket, () => refuseClient(error, socket as Socket, gateway)));
  });
  readPlainFirst(server, gateway, cap);
  confine(server, gateway.logger);
  return server;
}

/** Reads plain requests first. A connection goes to node:http's reader with its first request that is not plain. */
function readPlainFirst(server: Server, gateway: OwnGateway, cap: ConnectionCap): void {
  const [readByNode] = server.listeners('connection');
  server.removeAllListeners('connection');
  const clients = new ClientConnections({
    limits: gateway.limits,
    serve: (request, response) => serve(request, response, gateway, routeOf(request, gateway)),
    onHandOver: (socket, bytes) => void new RequestFeed(socket, bytes, () => readByNode?.call(server, socket)),
    onSilent: (socket) => refuseRaw(socket, 'client_too_slow'),
  });
  server.on('connection', (socket) => {
    confine(socket, gateway.logger);
    let connection: ClientConnection | null = null;
    const idleMs = (nowMs: number) => feedOf(socket)?.idleMs(nowMs) ?? connection?.idleMs(nowMs) ?? 0;
    if (!cap.admit(socket, clientOfSocket(socket, gateway.isTrusted), idleMs)) return;
    probe(socket, gateway);
    gateway.inFlight.connected(socket);
    connection = clients.take(socket);
  });
}

function refuseClient(error: NodeJS.ErrnoException, socket: Socket, { inFlight }: OwnGateway): void {
  // Never inside a response.
  if (inFlight.isAnswering(socket)) socket.destroy();
  else refuseRaw(socket, PARSE_ERRORS[error.code ?? ''] ?? 'bad_request');
}

function serveMessage(message: IncomingMessage, response: ServerResponse, gateway: Gateway): void {
  const fault = faultOf(message);
  const request = requestOf(message);
  const served = serve(request, response, gateway, fault === null ? routeOf(request, gateway) : { refused: fault });
  response.once('close', () => served.closed()).on('drain', () => served.drained());
  served.start();
}

const PARSE_ERRORS: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'client_too_slow',
};

/** Refuses input that could not be parsed, or that is not meant for a reverse proxy. */
function refuseRaw(socket: Socket, code: ErrorCode): void {
  if (!socket.writable) return void socket.destroy();
  const answer = rawAnswer(errorAnswer(code, { accept: '', requestId: nextRequestId(), retryAfterS: null }));
  socket.write(answer);
  // A client that has sent nothing waits for nothing.
  if (code === 'client_too_slow') socket.destroySoon();
  else linger(socket);
}
