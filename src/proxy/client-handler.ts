/** Serves what a source reads from connections of a server's own: requests, upgrades, and what is neither. */
import type { Socket } from 'node:net';
import type { ErrorCode } from '../errors.ts';
import { fault, inside } from '../faults.ts';
import { type ClientRequest, requestOf } from './client/client.ts';
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

/** @param route finds the instance for a request that has no fault */
export function createClientHandler(gateway: OwnGateway, route: RouteFinder): ClientHandler {
  const upgrade = createUpgrader(gateway);
  return {
    serve: (request, response, fault) => {
      const routed = fault === null ? route(request) : { refused: fault };
      return routed instanceof Promise
        ? new PendingRequest(request, response, gateway, routed)
        : serveRequest(request, response, gateway, routed);
    },
    upgrade: (message, socket, head) => {
      const routed = route(requestOf(message));
      if (!(routed instanceof Promise)) return upgrade(message, socket, head, routed);
      whenRouted(routed, socket, gateway, (known) => upgrade(message, socket, head, known));
    },
    refuse: (socket, code) => refuse(socket, code, gateway),
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

function refuse(socket: Socket, code: ErrorCode, { inFlight }: OwnGateway): void {
  // Never into the middle of a response.
  if (!socket.writable || inFlight.isAnswering(socket)) return void socket.destroy();
  socket.write(rawAnswer(errorAnswer(code, { accept: '', requestId: nextRequestId(), retryAfterS: null })));
  // A client that has sent nothing sends nothing that has to be read before the connection closes.
  if (code === 'client_too_slow') socket.destroySoon();
  else linger(socket);
}
