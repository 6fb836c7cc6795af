/** Serves one request, read by whichever server, by the tenant that its route names. */
import type { ClientRequest, ClientResponse, ServedRequest } from './client/client.ts';
import { answerError } from './exchange/error-page.ts';
import { Exchange } from './exchange/exchange.ts';
import { callerOf, type Gateway } from './gateway.ts';
import type { Routed } from './routing/route.ts';

export function serveRequest(
  request: ClientRequest,
  response: ClientResponse,
  gateway: Gateway,
  route: Routed,
): ServedRequest {
  const caller = callerOf(request, gateway);
  gateway.inFlight.begin(response);
  if (!('refused' in route)) return new Exchange(request, response, route, caller, gateway);
  return {
    start: () => answerError(request, response, route.refused, { requestId: caller.requestId, retryAfterS: null }),
    closed: () => gateway.inFlight.end(response),
    drained: () => {},
  };
}
