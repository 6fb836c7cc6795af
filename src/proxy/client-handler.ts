/** Serves what a source reads from connections of a server's own: requests, upgrades, and what is neither. */
import type { Socket } from 'node:net';
import type { ErrorCode } from '../errors.ts';
import { type ClientRequest, requestOf } from './client/client.ts';
import type { ClientHandler } from './client/client-source.ts';
import { linger } from './client/linger.ts';
import { errorAnswer, rawAnswer } from './exchange/error-page.ts';
import type { Gateway } from './gateway.ts';
import type { InFlight } from './in-flight.ts';
import { nextRequestId } from './routing/request-id.ts';
import type { Routed } from './routing/route.ts';
import { serveRequest } from './serve-request.ts';
import { createUpgrader } from './tunnel/upgrade.ts';

/** Of a server whose connections are its own. */
export type OwnGateway = Gateway & { readonly inFlight: InFlight };

/** @param route finds the instance for a request that has no fault */
export function createClientHandler(gateway: OwnGateway, route: (request: ClientRequest) => Routed): ClientHandler {
  const upgrade = createUpgrader(gateway);
  return {
    serve: (request, response, fault) =>
      serveRequest(request, response, gateway, fault === null ? route(request) : { refused: fault }),
    upgrade: (message, socket, head) => upgrade(message, socket, head, route(requestOf(message))),
    refuse: (socket, code) => refuse(socket, code, gateway),
  };
}

function refuse(socket: Socket, code: ErrorCode, { inFlight }: OwnGateway): void {
  // Never into the middle of a response.
  if (!socket.writable || inFlight.isAnswering(socket)) return void socket.destroy();
  socket.write(rawAnswer(errorAnswer(code, { accept: '', requestId: nextRequestId(), retryAfterS: null })));
  // A client that has sent nothing sends nothing that has to be read before the connection closes.
  if (code === 'client_too_slow') socket.destroySoon();
  else linger(socket);
}
