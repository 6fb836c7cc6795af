/** Serves one request, read by whichever server, by the tenant that its route names. */
import { ERROR_CODES } from '../errors.ts';
import type { ClientRequest, ClientResponse, ServedRequest } from './client/client.ts';
import { answerError, TRY_AGAIN_S } from './exchange/error-page.ts';
import { Exchange } from './exchange/exchange.ts';
import { traceOf } from './exchange/observed.ts';
import { type Caller, callerOf, type Gateway } from './gateway.ts';
import type { RefusedRoute, Routed } from './routing/route.ts';

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
  return refusal(request, response, gateway, { route, caller });
}

/** Answers a request that names no instance, or none that may have it. */
function refusal(
  request: ClientRequest,
  response: ClientResponse,
  gateway: Gateway,
  { route: { refused, challenge }, caller }: { readonly route: RefusedRoute; readonly caller: Caller },
): ServedRequest {
  const { requestId } = caller;
  const retryAfterS = refused === 'at_capacity' ? TRY_AGAIN_S : null;
  const trace = traceOf(gateway, request, null, caller);
  return {
    start: () => {
      gateway.measures.refused(refused);
      trace?.answered(ERROR_CODES[refused].httpStatus);
      trace?.refused(refused);
      answerError(request, response, refused, { requestId, retryAfterS, challenge });
    },
    closed: () => {
      gateway.inFlight.end(response);
      trace?.end();
    },
    drained: () => {},
  };
}
