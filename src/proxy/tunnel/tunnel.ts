/** One upgrade: its lease, the time that the tenant has for an answer, and what becomes of the answer. */
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Lease } from '../../core/admission/serving.ts';
import type { CountedConnection } from '../../core/usage/traffic.ts';
import { confineWith, inside } from '../../faults.ts';
import { countAnswer } from '../exchange/counting.ts';
import type { Observed } from '../exchange/observed.ts';
import { wakeTiming } from '../routing/headers.ts';
import { passDeclined } from './declined.ts';
import type { UpgradeListener } from './http-proxy.ts';

export interface TunnelOptions {
  /** A client that takes no byte of an answer that does not switch is cut off after this; 0: never. */
  readonly bodyIdleTimeoutMs: number;
  /** The counts of the client's connection before this request. */
  readonly begin: CountedConnection;
  readonly observed: Pick<Observed, 'answered' | 'trace'>;
  /** The tenant has switched protocols; until then it is a request like others. */
  onJoined(): void;
  /** A connection to the tenant was opened (1) or closed (-1). */
  onConnection(change: 1 | -1): void;
  /** There is no answer of the tenant that could be passed on. */
  onFailed(error: Error): void;
}

export class Tunnel implements UpgradeListener {
  private readonly client: Socket;
  private readonly lease: Lease;
  private readonly options: TunnelOptions;
  private timer: NodeJS.Timeout | null = null;
  /** Whether the tenant has answered: from then on no error page fits into the connection. */
  answered = false;
  timedOut = false;
  private isJoined = false;
  private isOver = false;
  private isPassedOn = false;
  /** Whether the tenant accepted the connection, and so may have seen the request. */
  private isSent = false;
  private stopCounting = () => {};

  constructor(client: Socket, lease: Lease, options: TunnelOptions) {
    this.client = client;
    this.lease = lease;
    this.options = options;
    client.once('close', () => {
      this.stopCounting();
      this.end();
    });
  }

  onRequest(upstream: ClientRequest): void {
    const { requestTimeoutMs, traffic } = this.lease;
    traffic.requests += 1;
    this.isPassedOn = true;
    this.stopCounting = traffic.follow(this.client, this.options.begin);
    const late = inside(this.client, () => this.timeOut(upstream));
    if (requestTimeoutMs > 0) this.timer = setTimeout(late, requestTimeoutMs);
    this.client.once('close', () => upstream.destroy());
    upstream.once('socket', (socket) => this.count(socket));
    // After a switch the two connections tell of the end.
    upstream.once('close', () => (this.isJoined ? this.stopTimer() : this.end()));
  }

  onSwitched(headers: IncomingHttpHeaders, upstream: Socket): void {
    this.isJoined = true;
    this.answer();
    this.options.observed.answered(101);
    this.options.observed.trace?.end();
    const { heldMs } = this.lease;
    const before = headers['server-timing'];
    if (heldMs !== null) {
      headers['server-timing'] = before === undefined ? wakeTiming(heldMs) : `${before}, ${wakeTiming(heldMs)}`;
    }
    // Not before: when the tenant goes to sleep, what is being switched is waited for.
    this.lease.becomeStream();
    this.options.onJoined();
    upstream.once('close', () => this.end());
  }

  onDeclined(answer: IncomingMessage): void {
    this.answer();
    const status = answer.statusCode ?? 502;
    countAnswer(this.lease.traffic, status);
    this.options.observed.answered(status);
    answer.once('close', () => this.end());
    const { bodyIdleTimeoutMs } = this.options;
    passDeclined(answer, this.client, { heldMs: this.lease.heldMs, bodyIdleTimeoutMs });
  }

  onFailed(error: Error): void {
    this.stopTimer();
    if (!this.answered && this.isPassedOn) this.lease.traffic.errors += 1;
    this.options.onFailed(error);
  }

  private count(socket: Socket): void {
    const { onConnection } = this.options;
    confineWith(this.client, socket);
    onConnection(1);
    this.isSent = !socket.connecting;
    socket.once('connect', () => {
      this.isSent = true;
    });
    socket.once('close', () => onConnection(-1));
  }

  private answer(): void {
    this.answered = true;
    this.stopTimer();
  }

  private timeOut(upstream: ClientRequest): void {
    this.timedOut = true;
    upstream.destroy(new Error('no answer within request_timeout'));
  }

  /** Called by whichever end closes first, and by the others. */
  private end(): void {
    this.stopTimer();
    if (this.isOver) return;
    this.isOver = true;
    this.lease.release(this.isSent ? undefined : 'unsent');
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
