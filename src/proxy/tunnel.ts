/** The two ends of an upgraded connection: when one goes the other goes, and the lease is released. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Lease } from '../core/serving.ts';
import { onDeclined, passDeclined } from './declined.ts';
import { wakeTiming } from './headers.ts';
import { MAX_INTERIM, TOO_MANY_INTERIM } from './interim.ts';

export interface TunnelEvents {
  /** The tenant has switched protocols; until then it is a request like others. */
  onJoined(): void;
  /** A connection to the tenant was opened (1) or closed (-1). */
  onConnection(change: 1 | -1): void;
}

export interface TunnelOptions extends TunnelEvents {
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

  constructor(client: Socket, lease: Lease, options: TunnelOptions) {
    this.client = client;
    this.lease = lease;
    this.options = options;
    client.once('close', () => this.end());
  }

  /** Watches the request to the tenant, before http-proxy does. */
  open(upstream: ClientRequest): void {
    this.upstream = upstream;
    const { requestTimeoutMs } = this.lease;
    if (requestTimeoutMs > 0) this.timer = setTimeout(() => this.timeOut(upstream), requestTimeoutMs);
    this.client.once('close', () => upstream.destroy());
    upstream.once('socket', (socket) => this.count(socket));
    upstream.once('close', () => this.stopTimer());
    upstream.once('upgrade', (response: IncomingMessage, socket: Socket) => this.joined(response, socket));
    upstream.on('information', () => this.informed(upstream));
  }

  /** Called when http-proxy has set itself up. */
  opened(): void {
    if (this.upstream !== null) onDeclined(this.upstream, (response) => this.declined(response));
  }

  private count(socket: Socket): void {
    const { onConnection } = this.options;
    onConnection(1);
    socket.once('close', () => onConnection(-1));
  }

  private joined(response: IncomingMessage, socket: Socket): void {
    this.answer(response);
    // Not before: what is being switched is waited for when the tenant goes to sleep.
    this.lease.becomeStream();
    this.options.onJoined();
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

  private end(): void {
    this.stopTimer();
    this.lease.release();
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
