/** The two ends of an upgraded connection. When one ends, the other ends, and the lease is released. */
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Lease } from '../../core/admission/serving.ts';
import { isDroppedOfResponses } from '../../core/routing/header-rules.ts';
import { confineWith, inside } from '../../faults.ts';
import { onDeclined, passDeclined } from '../exchange/declined.ts';
import { MAX_INTERIM, TOO_MANY_INTERIM } from '../exchange/interim.ts';
import { takeTurns } from '../exchange/turn.ts';
import { wakeTiming } from '../routing/headers.ts';
import { switchesTo } from './upgrade-request.ts';

export interface TunnelEvents {
  /** The tenant has switched protocols. Before that, the request is like any other. */
  onJoined(): void;
  /** A connection to the tenant was opened (1) or closed (-1). */
  onConnection(change: 1 | -1): void;
  /** The tenant gave no response that could be passed on. */
  onFailed(error: Error): void;
}

export interface TunnelOptions extends TunnelEvents {
  /** The protocol that the client asks for. */
  readonly asked: string;
  /** A client that accepts no byte of a declining response for this time is disconnected; 0: never. */
  readonly bodyIdleTimeoutMs: number;
}

export class Tunnel {
  private readonly client: Socket;
  private readonly lease: Lease;
  private readonly options: TunnelOptions;
  private upstream: ClientRequest | null = null;
  private interims = 0;
  private timer: NodeJS.Timeout | null = null;
  /** Whether the tenant has answered. From then on the connection is the tenant's, and no error page can be sent. */
  answered = false;
  timedOut = false;
  private isJoined = false;
  private isOver = false;

  constructor(client: Socket, lease: Lease, options: TunnelOptions) {
    this.client = client;
    this.lease = lease;
    this.options = options;
    client.once('close', () => this.end());
  }

  /** Observes the request to the tenant, before http-proxy does. */
  open(upstream: ClientRequest): void {
    this.upstream = upstream;
    confineWith(this.client, upstream);
    const { requestTimeoutMs } = this.lease;
    const late = inside(this.client, () => this.timeOut(upstream));
    if (requestTimeoutMs > 0) this.timer = setTimeout(late, requestTimeoutMs);
    this.client.once('close', () => upstream.destroy());
    upstream.once('socket', (socket) => this.count(socket));
    // After a switch the end of the two connections counts, otherwise the end of this request.
    upstream.once('close', () => (this.isJoined ? this.stopTimer() : this.end()));
    upstream.setHeader('Upgrade', this.options.asked);
    upstream.on('information', () => this.informed(upstream));
  }

  /** Called when http-proxy has registered its listeners. */
  opened(): void {
    if (this.upstream === null) return;
    onDeclined(this.upstream, (response) => this.declined(response));
    onSwitched(this.upstream, (response, socket, join) => {
      if (!switchesTo(this.options.asked, response)) return this.refuse(socket);
      this.joined(response, socket);
      join();
    });
  }

  /** Refuses a switch to another protocol than the requested one. */
  private refuse(upstream: { destroy(): void }): void {
    this.stopTimer();
    upstream.destroy();
    this.options.onFailed(new Error('it switches to a protocol that was not asked for'));
  }

  private count(socket: Socket): void {
    const { onConnection } = this.options;
    confineWith(this.client, socket);
    onConnection(1);
    socket.once('close', () => onConnection(-1));
  }

  private joined(response: IncomingMessage, socket: Socket): void {
    this.isJoined = true;
    this.answer(response);
    tidy(response.headers);
    // Only now, because a drain waits for a request that is being switched.
    this.lease.becomeStream();
    this.options.onJoined();
    // After http-proxy has piped them: data put back into a flowing stream goes to the listeners of that time.
    const share = () => {
      takeTurns(socket, this.client);
      takeTurns(this.client, socket);
    };
    queueMicrotask(inside(this.client, share));
    this.client.once('close', () => socket.destroySoon());
    socket.once('close', () => {
      this.end();
      this.client.destroySoon();
    });
  }

  /** Interim responses before a switch are not passed on. */
  private informed(upstream: ClientRequest): void {
    this.interims += 1;
    if (this.interims > MAX_INTERIM) upstream.destroy(new Error(TOO_MANY_INTERIM));
  }

  /** Passes on a response that does not switch protocols. */
  private declined(response: IncomingMessage): void {
    // node:http does not see a switch here, because the response names no protocol, or no connection option.
    if (response.statusCode === 101) return this.refuse(response);
    this.answered = true;
    this.stopTimer();
    response.once('close', () => this.end());
    const { bodyIdleTimeoutMs } = this.options;
    passDeclined(response, this.client, { heldMs: this.lease.heldMs, bodyIdleTimeoutMs });
  }

  private answer(response: IncomingMessage): void {
    this.answered = true;
    this.stopTimer();
    const { heldMs } = this.lease;
    if (heldMs === null) return;
    const before = response.headers['server-timing'];
    response.headers['server-timing'] = before === undefined ? wakeTiming(heldMs) : `${before}, ${wakeTiming(heldMs)}`;
  }

  private timeOut(upstream: ClientRequest): void {
    this.timedOut = true;
    upstream.destroy(new Error('no answer within request_timeout'));
  }

  /** Called when either end closes; repeated calls do nothing. */
  private end(): void {
    this.stopTimer();
    if (this.isOver) return;
    this.isOver = true;
    this.lease.release();
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** Decides about a switch before http-proxy: `join` lets http-proxy join the two ends. */
function onSwitched(
  upstream: ClientRequest,
  decide: (response: IncomingMessage, socket: Socket, join: () => void) => void,
): void {
  const joins = upstream.listeners('upgrade');
  upstream.removeAllListeners('upgrade');
  upstream.once('upgrade', (response: IncomingMessage, socket: Socket, head: Buffer<ArrayBuffer>) => {
    decide(response, socket, () => {
      for (const join of joins) join.call(upstream, response, socket, head);
    });
  });
}

/** Removes header fields of a switch that http-proxy would pass on although responses may not contain them. */
function tidy(headers: IncomingHttpHeaders): void {
  const { upgrade } = headers;
  for (const name of Object.keys(headers)) if (isDroppedOfResponses(name)) delete headers[name];
  delete headers['content-length'];
  headers.connection = 'Upgrade';
  headers.upgrade = upgrade;
}
