/** Serves what a source reads from connections of a server's own: requests, upgrades, and what is neither. */
import type { Socket } from 'node:net';
import type { ErrorCode } from '../errors.ts';
import { fault, inside } from '../faults.ts';
import { type ClientRequest, type ClientResponse, requestOf, type ServedRequest } from './client/client.ts';
import type { ClientHandler } from './client/client-source.ts';
import { linger } from './client/linger.ts';
import { errorAnswer, rawAnswer } from './exchange/error-page.ts';
import type { Gateway } from './gateway.ts';
import type { InFlight } from './in-flight.ts';
import { PendingRequest } from './pending-request.ts';
import { nextRequestId } from './routing/request-id.ts';
import type { Routed } from './routing/route.ts';
import { serveRequest } from './serve-request.ts';
import { createUpgrader } from './tunnel/upgrade.ts';

/** Of a server whose connections are its own. */
export type OwnGateway = Gateway & { readonly inFlight: InFlight };

type RouteFinder = (request: ClientRequest) => Routed | Promise<Routed>;

/** An answer that needs no tenant. */
export interface OwnAnswer {
  readonly status: number;
  /** Raw, [name, value, …]. */
  readonly headers: readonly string[];
  readonly body: string;
}

/**
 * @param route finds the instance for a request that has no fault
 * @param ownAnswer returns what the proxy itself answers to such a request; null: nothing. Default: never anything
 */
export function createClientHandler(
  gateway: OwnGateway,
  route: RouteFinder,
  ownAnswer?: (request: ClientRequest) => OwnAnswer | null,
): ClientHandler {
  const upgrade = createUpgrader(gateway);
  return {
    serve: (request, response, fault) => {
      const own = ownAnswer === undefined || fault !== null ? null : ownAnswer(request);
      if (own !== null) return answerItself(own, request, response, gateway);
      const routed = fault === null ? route(request) : { refused: fault };
      return routed instanceof Promise
        ? new PendingRequest(request, response, gateway, routed)
        : serveRequest(request, response, gateway, routed);
    },
    upgrade: (message, socket, head) => {
      const request = requestOf(message);
      const own = ownAnswer === undefined ? null : ownAnswer(request);
      if (own !== null) return void socket.on('error', () => {}).end(rawAnswer(own), () => socket.destroy());
      const routed = route(request);
      if (!(routed instanceof Promise)) return upgrade(message, socket, head, routed);
      whenRouted(routed, socket, gateway, (known) => upgrade(message, socket, head, known));
    },
    refuse: (socket, code) => refuse(socket, code, gateway),
  };
}

function answerItself(
  { status, headers, body }: OwnAnswer,
  { method }: ClientRequest,
  response: ClientResponse,
  { inFlight }: OwnGateway,
): ServedRequest {
  inFlight.begin(response);
  return {
    start: () => {
      response.writeHead(status, undefined, [...headers]);
      response.end(method === 'HEAD' ? undefined : body);
    },
    closed: () => inFlight.end(response),
    drained: () => {},
  };
}

/** Continues when the route of an upgrade is known. Nobody else listens to the socket until then. */
function whenRouted(
  routed: Promise<Routed>,
  socket: Socket,
  { logger }: OwnGateway,
  go: (routed: Routed) => void,
): void {
  const onError = () => {};
  socket.on('error', onError);
  const settled = (known: Routed) => {
    socket.off('error', onError);
    if (!socket.destroyed) inside(socket, () => go(known))();
  };
  routed.then(settled, (error: unknown) => {
    fault(logger, error);
    socket.destroy();
  });
}

function refuse(socket: Socket, code: ErrorCode, { inFlight, measures }: OwnGateway): void {
  // Never into the middle of a response.
  if (!socket.writable || inFlight.isAnswering(socket)) return void socket.destroy();
  measures.refused(code);
  socket.write(rawAnswer(errorAnswer(code, { accept: '', requestId: nextRequestId(), retryAfterS: null })));
  // A client that has sent nothing sends nothing that has to be read before the connection closes.
  if (code === 'client_too_slow') socket.destroySoon();
  else linger(socket);
}
