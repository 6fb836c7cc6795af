/**
 * http-proxy, which joins the two ends of an upgraded connection, behind one interface. It takes its headers from the client's
 * request, asks for nothing but WebSockets, joins whatever the tenant switches to, passes on any number of interim answers and
 * any header of a switch, and does not wait for a slow client. All of that is settled here, by its events and those of its
 * request; nothing else in the proxy knows http-proxy.
 */
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import httpProxy from 'http-proxy';
import type { Upstream } from '../../core/ports.ts';
import { isDroppedOfResponses } from '../../core/routing/header-rules.ts';
import { confineWith, inside } from '../../faults.ts';
import { MAX_INTERIM, TOO_MANY_INTERIM } from '../exchange/interim.ts';
import { paceTransfer } from '../exchange/transfer-budget.ts';
import { switchesTo } from './upgrade-request.ts';

export interface UpgradeAttempt {
  readonly request: IncomingMessage;
  readonly client: Socket;
  /** Read behind the request. */
  readonly head: Buffer;
  readonly upstream: Upstream;
  /** In origin form. */
  readonly path: string;
  /** For the tenant, without those of the connection: raw, [name, value, …]. */
  readonly headers: readonly string[];
  /** The protocol that the client asks to switch to. */
  readonly asked: string;
}

export interface UpgradeListener {
  /** The request is about to be sent. */
  onRequest(upstream: ClientRequest): void;
  /** The tenant switches to what was asked for. `headers` may be added to; the two ends are joined when this returns. */
  onSwitched(headers: IncomingHttpHeaders, upstream: Socket): void;
  /** The tenant answers without switching. The listener passes the answer on. */
  onDeclined(answer: IncomingMessage): void;
  /** There is no answer of the tenant that could be passed on. */
  onFailed(error: Error): void;
}

export type SendUpgrade = (attempt: UpgradeAttempt, listener: UpgradeListener) => void;

type WebSocketProxy = InstanceType<typeof httpProxy.ProxyServer<typeof IncomingMessage, typeof ServerResponse>>;

const NOT_ASKED_FOR = 'it switches to a protocol that was not asked for';

export function createUpgradeSender(): SendUpgrade {
  const proxy: WebSocketProxy = httpProxy.createProxyServer({ ws: true, toProxy: true });
  const onRequests = new WeakMap<IncomingMessage, (upstream: ClientRequest) => void>();
  // It tells of a client's reset here too, and throws where nobody listens.
  proxy.on('error', () => {});
  proxy.on('proxyReqWs', (upstream: ClientRequest, request: IncomingMessage) => onRequests.get(request)?.(upstream));
  return (attempt, listener) => {
    const { request, client, head, asked } = attempt;
    let upstream: ClientRequest | null = null;
    onRequests.set(request, (made) => {
      upstream = made;
      confineWith(client, made);
      made.setHeader('Upgrade', asked);
      boundInterims(made);
      listener.onRequest(made);
    });
    rewrite(attempt);
    proxy.ws(request, client, head, { target: targetOf(attempt.upstream) }, (error) => listener.onFailed(error));
    if (upstream !== null) decideOnAnswer(upstream, attempt, listener);
  };
}

/** http-proxy sends `request.headers` on and adds nothing, so what the tenant is to see is put there. */
function rewrite({ request, path, headers: raw }: UpgradeAttempt): void {
  const headers: Record<string, string> = {};
  const all = [...raw, 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
  for (let index = 0; index < all.length; index += 2) {
    const name = (all[index] ?? '').toLowerCase();
    const before = headers[name];
    const separator = name === 'cookie' ? '; ' : ', ';
    headers[name] = before === undefined ? (all[index + 1] ?? '') : before + separator + all[index + 1];
  }
  request.headers = headers;
  request.url = path;
}

function targetOf(upstream: Upstream) {
  if ('port' in upstream) return { protocol: 'http:', host: '127.0.0.1', port: upstream.port };
  return { protocol: 'http:', host: 'localhost', port: 80, socketPath: upstream.socketPath };
}

/** Interim answers are not passed on before a switch, but a tenant could send them forever. */
function boundInterims(upstream: ClientRequest): void {
  let interims = 0;
  upstream.on('information', () => {
    interims += 1;
    if (interims > MAX_INTERIM) upstream.destroy(new Error(TOO_MANY_INTERIM));
  });
}

/** Takes the answer before http-proxy does, which joins the two ends only where the tenant does what was asked for. */
function decideOnAnswer(upstream: ClientRequest, { client, asked }: UpgradeAttempt, listener: UpgradeListener): void {
  const refuse = (end: { destroy(): void }) => {
    end.destroy();
    listener.onFailed(new Error(NOT_ASKED_FOR));
  };
  upstream.removeAllListeners('response').once('response', (answer: IncomingMessage) => {
    // A 101 that says nothing of a protocol, or of the connection, is no switch to node:http.
    if (answer.statusCode === 101) refuse(answer);
    else listener.onDeclined(answer);
  });
  const joins = upstream.listeners('upgrade');
  upstream.removeAllListeners('upgrade');
  upstream.once('upgrade', (answer: IncomingMessage, socket: Socket, head: Buffer<ArrayBuffer>) => {
    if (!switchesTo(asked, answer)) return refuse(socket);
    tidy(answer.headers);
    listener.onSwitched(answer.headers, socket);
    bind(client, socket);
    for (const join of joins) join.call(upstream, answer, socket, head);
  });
}

/** When one end goes the other goes, after what was written to it. */
function bind(client: Socket, upstream: Socket): void {
  // After http-proxy has piped them: what is put back into a stream that flows goes to those who listen by then.
  const pace = () => {
    paceTransfer(upstream, client);
    paceTransfer(client, upstream);
  };
  queueMicrotask(inside(client, pace));
  client.once('close', () => upstream.destroySoon());
  upstream.once('close', () => client.destroySoon());
}

/** Removes from the header of a switch what no answer may say, and what belongs to the connection to the tenant. */
function tidy(headers: IncomingHttpHeaders): void {
  const { upgrade } = headers;
  for (const name of Object.keys(headers)) if (isDroppedOfResponses(name)) delete headers[name];
  delete headers['content-length'];
  headers.connection = 'Upgrade';
  headers.upgrade = upgrade;
}
