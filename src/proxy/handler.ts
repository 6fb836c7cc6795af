/**
 * The proxy without a server: serves requests and upgrades that a host program's own node:http server has read. The
 * connections, and exceptions of the host's listeners, are the host's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { namedInstance } from '../core/lifecycle/instance.ts';
import type { Traffic } from '../core/usage/traffic.ts';
import { TenementError } from '../errors.ts';
import { confine, confineWithin, fault, inside } from '../faults.ts';
import { type ClientRequest, requestOf } from './client/client.ts';
import { hostRequestCount } from './client/node/request-bytes.ts';
import { faultOf } from './client/node/request-fault.ts';
import { ResponseCount } from './client/node/response-count.ts';
import { type Gateway, type GatewayOptions, openGateway, probe, routeOf } from './gateway.ts';
import { HostInFlight } from './host-in-flight.ts';
import { headerValues } from './routing/headers.ts';
import type { Routed } from './routing/route.ts';
import { serveRequest } from './serve-request.ts';
import { createUpgrader } from './tunnel/upgrade.ts';

/** Called for a request that no instance serves. `error`: error of the host's own `instance` function. */
export type NextFunction = (error?: unknown) => void;

/** Functions for a server of node:http or node:https. They need no `this`. */
export interface Handler {
  /**
   * `server.on('request', handler.request)`, or a middleware. Without `next`, a request that no instance serves gets
   * 404.
   */
  readonly request: (request: IncomingMessage, response: ServerResponse, next?: NextFunction) => void;
  /** `server.on('upgrade', handler.upgrade)`: WebSockets. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, next?: NextFunction) => void;
}

/** An instance such as `api:acme`, or none. */
export type PickedInstance = string | null | undefined;

/** How the handler finds the instance of a request. */
export interface HandlerOptions {
  /** Chooses the instance for a request, such as `api:acme`; null: none. Default: by host, like the config's proxy. */
  readonly instance?: (request: IncomingMessage) => PickedInstance | Promise<PickedInstance>;
}

export interface OpenHandler extends Handler {
  /** Waits for open requests for at most `graceMs` or until `hurry` aborts; nothing is open then. */
  close(graceMs: number, hurry?: AbortSignal): Promise<void>;
}

export interface HandlerSetup extends GatewayOptions {
  /** Whether further requests are refused. */
  isClosing(): boolean;
}

export function createHandler(setup: HandlerSetup, { instance }: HandlerOptions): OpenHandler {
  const gateway = openGateway(setup, new HostInFlight());
  const upgrade = createUpgrader(gateway);
  const seen = new WeakSet<Socket>();
  const route = (message: IncomingMessage): Routed | Promise<Routed> => {
    if (setup.isClosing()) return { refused: 'shutting_down' };
    if (instance === undefined) return routeOf(requestOf(message), gateway);
    const picked = instance(message);
    return picked instanceof Promise
      ? picked.then((one) => routeTo(one, message, gateway))
      : routeTo(picked, message, gateway);
  };
  const meet = (socket: Socket) => {
    if (seen.has(socket)) return;
    seen.add(socket);
    confineWithin(socket, setup.logger);
    probe(socket, gateway);
  };
  return {
    request: (message, response, next) => {
      assertServable(message, response);
      meet(message.socket);
      const go = (routed: Routed) => {
        if (isPassedOn(routed, next)) return next?.();
        serveMessage(message, response, gateway, routed);
      };
      settle(() => route(message), go, next ?? ((error) => failed(error, response, gateway)));
    },
    upgrade: (message, duplex, head, next) => {
      const socket = duplex as Socket;
      // Nobody else listens to the socket until the route is known.
      const onError = () => {};
      socket.on('error', onError);
      const go = (routed: Routed) => {
        socket.off('error', onError);
        if (isPassedOn(routed, next)) return next?.();
        if (socket.destroyed) return;
        confine(socket, setup.logger);
        upgrade(message, socket, head, routed);
      };
      settle(() => route(message), go, next ?? ((error) => failed(error, socket, gateway)));
    },
    close: async (graceMs, hurry) => {
      await gateway.inFlight.drain(graceMs, hurry);
      gateway.pools.destroy();
    },
  };
}

/** @throws {TenementError} `bad_input` for a request that cannot be answered */
function assertServable(message: IncomingMessage, response: ServerResponse): void {
  if (message.httpVersionMajor > 1)
    throw new TenementError('bad_input', 'the handler takes HTTP/1 only, but this is HTTP/2');
  if (response.headersSent)
    throw new TenementError('bad_input', 'the handler was given a request that is already answered');
}

function isPassedOn(routed: Routed, next: NextFunction | undefined): boolean {
  return (
    next !== undefined && 'refused' in routed && (routed.refused === 'unknown_tenant' || routed.isUnnamed === true)
  );
}

/** Continues in the same step if the route is known at once. */
function settle(route: () => Routed | Promise<Routed>, go: (routed: Routed) => void, fail: NextFunction): void {
  let routed: Routed | Promise<Routed>;
  try {
    routed = route();
  } catch (error) {
    return fail(error);
  }
  if (routed instanceof Promise) routed.then(go, fail);
  else go(routed);
}

/** Handles an exception of the host's own function, when the host passes no `next`. */
function failed(error: unknown, end: { destroy(): unknown }, { logger }: Gateway): void {
  fault(logger, error);
  end.destroy();
}

function routeTo(picked: PickedInstance, message: IncomingMessage, { source }: Gateway): Routed {
  if (picked === null || picked === undefined) return { refused: 'unknown_tenant' };
  const instance = namedInstance(picked);
  const { url: path = '/', rawHeaders } = message;
  if (!path.startsWith('/')) return { refused: 'bad_request' };
  const hosts = headerValues(rawHeaders, 'host');
  if (hosts.length > 1) return { refused: 'bad_host' };
  return source.has(instance) ? { instance, path, host: hosts[0] ?? '' } : { refused: 'unknown_tenant' };
}

function serveMessage(message: IncomingMessage, response: ServerResponse, gateway: Gateway, routed: Routed): void {
  const problem = faultOf(message);
  const countRequest = hostRequestCount(message);
  const responseCount = new ResponseCount(message.socket, response);
  const countFor = (traffic: Traffic) => {
    countRequest(traffic);
    responseCount.countFor(traffic);
  };
  const request = withoutExpect(requestOf(message, countFor));
  if (request.body !== null && message.readableDidRead) return bodyIsGone(response, gateway);
  const served = serveRequest(request, response, gateway, problem === null ? routed : { refused: problem });
  const { socket } = message;
  response
    .once(
      'close',
      inside(socket, () => served.closed()),
    )
    .on(
      'drain',
      inside(socket, () => served.drained()),
    );
  inside(socket, () => served.start())();
}

/** Drops `Expect`, because node:http has already sent 100 Continue. */
function withoutExpect(request: ClientRequest): ClientRequest {
  const raw = request.rawHeaders;
  if (headerValues(raw, 'expect').length === 0) return request;
  const rawHeaders = raw.filter((_, index) => raw[index - (index % 2)]?.toLowerCase() !== 'expect');
  return { ...request, rawHeaders };
}

function bodyIsGone(response: ServerResponse, { logger }: Gateway): void {
  const reason = 'the body of the request has been read already: put the handler before body parsers';
  logger.error({ reason }, 'request not forwarded');
  response.writeHead(500).end();
}
