/** The two ends of an upgraded connection: when one goes the other goes, and the lease is released. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Lease } from '../core/serving.ts';
import { wakeTiming } from './headers.ts';

/** For this hop alone; http-proxy states Connection itself. */
const DROPPED = ['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'te', 'trailer', 'upgrade'];

export interface TunnelEvents {
  /** The tenant has switched protocols; until then it is a request like others. */
  onJoined(): void;
  /** A connection to the tenant was opened (1) or closed (-1). */
  onConnection(change: 1 | -1): void;
}

export class Tunnel {
  private readonly client: Socket;
  private readonly lease: Lease;
  private timer: NodeJS.Timeout | null = null;
  /** Whether the tenant has answered: from then on the connection is its, and no error page fits in. */
  answered = false;
  timedOut = false;

  private readonly events: TunnelEvents;

  constructor(client: Socket, lease: Lease, events: TunnelEvents) {
    this.client = client;
    this.lease = lease;
    this.events = events;
    client.once('close', () => this.end());
  }

  /** Watches the request to the tenant, before http-proxy does. */
  open(upstream: ClientRequest): void {
    const { requestTimeoutMs } = this.lease;
    if (requestTimeoutMs > 0) this.timer = setTimeout(() => this.timeOut(upstream), requestTimeoutMs);
    this.client.once('close', () => upstream.destroy());
    upstream.once('socket', (socket) => this.count(socket));
    upstream.once('close', () => this.stopTimer());
    upstream.once('upgrade', (response: IncomingMessage, socket: Socket) => this.joined(response, socket));
    upstream.once('response', (response: IncomingMessage) => this.declined(response));
  }

  private count(socket: Socket): void {
    const { onConnection } = this.events;
    onConnection(1);
    socket.once('close', () => onConnection(-1));
  }

  private joined(response: IncomingMessage, socket: Socket): void {
    this.answer(response);
    // Not before: what is being switched is waited for when the tenant goes to sleep.
    this.lease.becomeStream();
    this.events.onJoined();
    this.client.once('close', () => socket.destroySoon());
    socket.once('close', () => {
      this.end();
      this.client.destroySoon();
    });
  }

  /** The tenant answers without switching protocols; http-proxy relays that and closes. */
  private declined(response: IncomingMessage): void {
    this.answer(response);
    for (const name of DROPPED) delete response.headers[name];
    response.headers.connection = 'close';
    response.once('close', () => {
      this.end();
      if (!response.complete) this.client.destroy();
    });
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
