/** Upgrades (WebSocket): claimed like any request, then piped by http-proxy until either side ends. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import httpProxy from 'http-proxy';
import type { Lease, UpstreamSource } from '../core/ports.ts';
import type { ErrorCode } from '../errors.ts';
import { errorAnswer, rawAnswer } from './error-page.ts';
import { requestHeaders, valuesOf } from './headers.ts';
import type { Route } from './route.ts';

export interface UpgradeContext {
  readonly source: UpstreamSource;
  readonly requestId: string;
  readonly peer: string;
  readonly trusted: boolean;
}

type WebSocketProxy = InstanceType<typeof httpProxy.ProxyServer<typeof IncomingMessage, typeof ServerResponse>>;

export type Upgrader = (
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  route: Route,
  context: UpgradeContext,
) => void;

export function createUpgrader(): Upgrader {
  const proxy = httpProxy.createProxyServer({ ws: true });
  return (request, socket, head, route, context) => void upgrade(proxy, request, socket, head, route, context);
}

async function upgrade(
  proxy: Pick<WebSocketProxy, 'ws'>,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  route: Route,
  context: UpgradeContext,
): Promise<void> {
  const left = new AbortController();
  socket.once('close', () => left.abort());
  // A client that resets is a client that left.
  socket.on('error', () => {});
  const claim = await context.source.claim(route.instance, left.signal);
  if ('refused' in claim) return refuseUpgrade(request, socket, claim.refused, context.requestId, claim.retryAfterS);
  claim.becomeStream();
  if (socket.destroyed) return claim.release();
  socket.once('close', () => claim.release());
  rewrite(request, route, context, claim);
  proxy.ws(request, socket, head, { target: targetOf(claim) }, () => {
    if (socket.bytesWritten > 0) socket.destroy();
    else refuseUpgrade(request, socket, 'upstream_failed', context.requestId, null);
  });
}

/** http-proxy sends `request.headers` on, so what the tenant may see is put there. */
function rewrite(request: IncomingMessage, route: Route, context: UpgradeContext, lease: Lease): void {
  const { peer, trusted, requestId } = context;
  const by = { peer, trusted, requestId, host: route.host, tenantId: lease.tenantId };
  const [protocol = 'websocket'] = valuesOf(request.rawHeaders, 'upgrade');
  const raw = [...requestHeaders(request.rawHeaders, by), 'Connection', 'Upgrade', 'Upgrade', protocol];
  const headers: Record<string, string> = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const before = headers[name];
    headers[name] = before === undefined ? (raw[index + 1] ?? '') : `${before}, ${raw[index + 1]}`;
  }
  request.headers = headers;
  request.url = route.path;
}

function targetOf(lease: Lease) {
  const { upstream } = lease;
  if ('port' in upstream) return { protocol: 'http:', host: '127.0.0.1', port: upstream.port };
  return { protocol: 'http:', host: 'localhost', port: 80, socketPath: upstream.socketPath };
}

export function refuseUpgrade(
  request: IncomingMessage,
  socket: Socket,
  code: ErrorCode,
  requestId: string,
  retryAfterS: number | null,
): void {
  if (socket.destroyed) return;
  const accept = request.headers.accept ?? '';
  socket.end(rawAnswer(errorAnswer(code, { accept, requestId, retryAfterS })));
}
