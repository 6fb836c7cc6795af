/** Serves one request, read by whichever server, by the tenant that its route names. */
import type { ClientRequest, ClientResponse, ServedRequest } from './client/client.ts';
import { answerError, TRY_AGAIN_S } from './exchange/error-page.ts';
import { Exchange } from './exchange/exchange.ts';
import { callerOf, type Gateway } from './gateway.ts';
import type { Routed } from './routing/route.ts';

export function serveRequest(
  request: ClientRequest,
  response: ClientResponse,
  gateway: Gateway,
  route: Routed,
): ServedRequest {
  gateway.inFlight.begin(response);
  return serveRouted(request, response, gateway, route);
}

/** Serves a request that counts as in flight. */
export function serveRouted(
  request: ClientRequest,
  response: ClientResponse,
  gateway: Gateway,
  route: Routed,
): ServedRequest {
  const caller = callerOf(request, gateway);
  if (!('refused' in route)) return new Exchange(request, response, route, caller, gateway);
  const { refused, challenge } = route;
  const { requestId } = caller;
  const retryAfterS = refused === 'at_capacity' ? TRY_AGAIN_S : null;
  return {
    start: () => {
      gateway.measures.refused(refused);
      answerError(request, response, refused, { requestId, retryAfterS, challenge });
    },
    closed: () => gateway.inFlight.end(response),
    drained: () => {},
  };
}
