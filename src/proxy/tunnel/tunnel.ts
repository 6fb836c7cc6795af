/** The two ends of an upgraded connection: when one goes the other goes, and the lease is released. */
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
  /** The tenant has switched protocols; until then it is a request like others. */
  onJoined(): void;
  /** A connection to the tenant was opened (1) or closed (-1). */
  onConnection(change: 1 | -1): void;
  /** There is no answer of the tenant that could be passed on. */
  onFailed(error: Error): void;
}

export interface TunnelOptions extends TunnelEvents {
  /** The protocol that the client asks to switch to. */
  readonly asked: string;
  /** A client that takes no byte of an answer that does not switch is cut off after this; 0: never. */
  readonly bodyIdleTimeoutMs: number;
}

export class Tunnel {
  private readonly client: Socket;
  private readonly lease: Lease;
  private readonly options: TunnelOptions;
  private upstream: ClientRequest | null = null;
  private interims = 0;
  private timer: NodeJS.Timeout | null = null;
  /** Whether the tenant has answered: from then on the connection is its, and no error page fits in. */
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

  /** Monitors the request to the tenant, before http-proxy does. */
  open(upstream: ClientRequest): void {
    this.upstream = upstream;
    confineWith(this.client, upstream);
    const { requestTimeoutMs } = this.lease;
    const late = inside(this.client, () => this.timeOut(upstream));
    if (requestTimeoutMs > 0) this.timer = setTimeout(late, requestTimeoutMs);
    this.client.once('close', () => upstream.destroy());
    upstream.once('socket', (socket) => this.count(socket));
    // After a switch the two connections tell of the end, which is this one's own else.
    upstream.once('close', () => (this.isJoined ? this.stopTimer() : this.end()));
    upstream.setHeader('Upgrade', this.options.asked);
    upstream.on('information', () => this.informed(upstream));
  }

  /** Called when http-proxy has set itself up. */
  opened(): void {
    if (this.upstream === null) return;
    onDeclined(this.upstream, (response) => this.declined(response));
    onSwitched(this.upstream, (response, socket, join) => {
      if (!switchesTo(this.options.asked, response)) return this.refuse(socket);
      this.joined(response, socket);
      join();
    });
  }

  /** The tenant switches, but not to what was asked for. */
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
    // Not before: what is being switched is waited for when the tenant goes to sleep.
    this.lease.becomeStream();
    this.options.onJoined();
    // When http-proxy has piped them: what is put back into a stream that flows goes to those who listen by then.
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

  /** Interim answers are not passed on before a switch. */
  private informed(upstream: ClientRequest): void {
    this.interims += 1;
    if (this.interims > MAX_INTERIM) upstream.destroy(new Error(TOO_MANY_INTERIM));
  }

  /** The tenant answers without switching protocols. */
  private declined(response: IncomingMessage): void {
    // node:http takes it for no switch, since it says nothing of the protocol or of the connection.
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

  /** Called by whichever end tells first, and by the others. */
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

/** Has the last word on a switch: `join` lets http-proxy join the two ends. */
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

/** Of the header of a switch, what http-proxy would pass on and no answer may say. */
function tidy(headers: IncomingHttpHeaders): void {
  const { upgrade } = headers;
  for (const name of Object.keys(headers)) if (isDroppedOfResponses(name)) delete headers[name];
  delete headers['content-length'];
  headers.connection = 'Upgrade';
  headers.upgrade = upgrade;
}
