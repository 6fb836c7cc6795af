/** Upgrades (WebSocket and other protocols): claimed like any request, then joined to the tenant until either side ends. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Lease, Refusal } from '../../core/admission/serving.ts';
import type { RequestTrace } from '../../core/observing/request-trace.ts';
import type { CountedConnection } from '../../core/usage/traffic.ts';
import { toTenementError } from '../../errors.ts';
import { endOf } from '../../faults.ts';
import { protoOf, requestOf } from '../client/client.ts';
import { headBytes } from '../client/node/request-bytes.ts';
import { faultOf } from '../client/node/request-fault.ts';
import { errorAnswer, rawAnswer } from '../exchange/error-page.ts';
import { Observed } from '../exchange/observed.ts';
import { type Caller, callerOf, type Gateway, probe } from '../gateway.ts';
import { hasBody, requestHeaders } from '../routing/headers.ts';
import type { RefusedRoute, Route, Routed } from '../routing/route.ts';
import { createUpgradeSender } from './http-proxy.ts';
import { Tunnel } from './tunnel.ts';
import { askedProtocol } from './upgrade-request.ts';

type Refused = Partial<Refusal> & RefusedRoute;

export type Upgrader = (request: IncomingMessage, socket: Socket, head: Buffer, routed: Routed) => void;

export function createUpgrader(gateway: Gateway): Upgrader {
  const send = createUpgradeSender();
  return (request, socket, head, routed) => {
    // A reset by the client counts as leaving.
    socket.on('error', () => {});
    const begin = beginOf(request, socket, head);
    const caller = callerOf(request, gateway);
    const fault = faultOf(request);
    const refuseAtOnce = (refusal: Refused) => {
      gateway.measures.refused(refusal.refused);
      refuseUpgrade(request, socket, caller, refusal);
    };
    const route = fault === null ? routed : { refused: fault };
    if ('refused' in route) return refuseAtOnce(route);
    const asked = askedProtocol(request);
    if (asked === null || hasBody(request.rawHeaders)) {
      return refuseAtOnce({ refused: 'bad_request' });
    }
    const observed = new Observed(gateway, requestOf(request), route, caller);
    const { trace } = observed;
    const refuse = (refusal: Refused) => {
      observed.refused(refusal.refused);
      trace?.end();
      refuseUpgrade(request, socket, caller, refusal);
    };
    const connect = (lease: Lease) => {
      if (lease.heldMs !== null) trace?.held(lease.heldMs);
      const fail = (error: Error) => {
        gateway.logger.warn({ instance: route.instance, ...caller, reason: error.message }, 'upgrade failed');
        if (tunnel.answered) socket.destroy();
        else refuse({ refused: tunnel.timedOut ? 'upstream_timeout' : 'upstream_failed' });
      };
      const tunnel = new Tunnel(socket, lease, {
        onFailed: fail,
        onJoined: () => gateway.inFlight.becomeStream(socket),
        onConnection: (change) => gateway.source.countConnection(lease.generation, change),
        bodyIdleTimeoutMs: gateway.limits.bodyIdleTimeoutMs,
        begin,
        observed,
      });
      const headers = headersFor(request, route, caller, { lease, trace });
      const { upstream } = lease;
      send({ request, client: socket, head, upstream, path: route.path, headers, asked }, tunnel);
      // http-proxy has set the socket to be probed after two hours.
      probe(socket, gateway);
    };
    // A switch, or the end of the connection before it, ends what is traced.
    if (trace !== null) socket.once('close', () => trace.end());
    void claim(socket, route, caller, gateway, { connect, refuse });
  };
}

/** Returns the counts of the connection before the request. @param head read behind it */
function beginOf(request: IncomingMessage, { bytesRead, bytesWritten }: Socket, head: Buffer): CountedConnection {
  return { bytesRead: bytesRead - head.length - headBytes(request), bytesWritten };
}

async function claim(
  socket: Socket,
  route: Route,
  caller: Caller,
  gateway: Gateway,
  { connect, refuse }: { connect: (lease: Lease) => void; refuse: (refusal: Refused) => void },
): Promise<void> {
  const left = new AbortController();
  const stopWatching = onLeaving(socket, () => left.abort());
  try {
    const claimed = await gateway.source.claim(route.instance, left.signal, undefined, caller);
    stopWatching();
    if ('refused' in claimed) return refuse(claimed);
    if (socket.destroyed) return claimed.release('unsent');
    join(socket, claimed, connect);
  } catch (error) {
    const { code, message, retryAfterS } = toTenementError(error);
    gateway.logger.error({ instance: route.instance, requestId: caller.requestId, reason: message }, 'claim failed');
    refuse({ refused: code, retryAfterS });
  }
}

/** Connects; a failure ends the connection, and the lease is returned in any case. */
function join(socket: Socket, lease: Lease, connect: (lease: Lease) => void): void {
  try {
    connect(lease);
  } catch (error) {
    lease.release('unsent');
    endOf(socket, error);
  }
}

/**
 * Reports when the client leaves. An unread socket does not report its end, so reads are triggered without taking data.
 */
function onLeaving(socket: Socket, left: () => void): () => void {
  const look = () => {
    if (socket.readableLength === 0) socket.read(0);
  };
  socket.once('close', left).once('end', left).on('readable', look);
  return () => socket.off('close', left).off('end', left).off('readable', look);
}

function headersFor(
  request: IncomingMessage,
  route: Route,
  { peer, trusted, requestId }: Caller,
  { lease: { tenantId }, trace }: { readonly lease: Lease; readonly trace: RequestTrace | null },
): string[] {
  const headers = requestHeaders(request.rawHeaders, {
    peer,
    trusted,
    requestId,
    host: route.host,
    proto: protoOf(request.socket),
    tenantId,
    prefix: route.prefix,
    unbelieved: route.unbelieved,
    trace,
  });
  return trace === null ? headers : [...headers, 'traceparent', trace.traceparent];
}

function refuseUpgrade(
  request: IncomingMessage,
  socket: Socket,
  { requestId }: Caller,
  { refused, retryAfterS = null, rateLimit, challenge }: Refused,
): void {
  if (!socket.writable) return;
  const accept = request.headers.accept ?? '';
  const answer = errorAnswer(refused, { accept, requestId, retryAfterS, rateLimit, challenge });
  socket.end(rawAnswer(answer), () => socket.destroy());
}
