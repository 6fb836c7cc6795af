/** All connections that carry plain requests; closes idle ones. */
import type { Socket } from 'node:net';
import type { ProxyLimits } from '../../../core/service/service.ts';
import { inside } from '../../../faults.ts';
import { PacedQueue } from '../../exchange/paced-queue.ts';
import type { ClientRequest, ClientResponse, ServedRequest } from '../client.ts';
import { isOverdue } from '../overdue.ts';
import { ClientConnection, type ClientConnectionOwner } from './client-connection.ts';

/** How often all connections are checked. */
const SWEEP_MS = 1000;

export interface ClientConnectionsOptions {
  readonly limits: ProxyLimits;
  serve(request: ClientRequest, response: ClientResponse): ServedRequest;
  /** Passes a connection to another reader, from `bytes` on. The socket is paused. */
  onHandOver(socket: Socket, bytes: Buffer): void;
  /** The client has sent nothing within the time for headers. */
  onSilent(socket: Socket): void;
}

export class ClientConnections implements ClientConnectionOwner {
  readonly maxHeadBytes: number;
  readonly keepAliveLines: string;
  private readonly options: ClientConnectionsOptions;
  private readonly all = new Set<ClientConnection>();
  private readonly endings = new PacedQueue();
  private sweeper: NodeJS.Timeout | null = null;

  constructor(options: ClientConnectionsOptions) {
    this.options = options;
    const { maxHeaderBytes, keepAliveTimeoutMs } = options.limits;
    this.maxHeadBytes = maxHeaderBytes;
    const timeoutS = Math.floor(keepAliveTimeoutMs / 1000);
    this.keepAliveLines = `Connection: keep-alive\r\n${timeoutS > 0 ? `Keep-Alive: timeout=${timeoutS}\r\n` : ''}`;
  }

  take(socket: Socket): ClientConnection {
    const connection = new ClientConnection(socket, this);
    this.all.add(connection);
    this.sweeper ??= setInterval(() => this.sweep(), this.sweepMs).unref();
    return connection;
  }

  serve(request: ClientRequest, response: ClientResponse): ServedRequest {
    return this.options.serve(request, response);
  }

  onHandOver(connection: ClientConnection, bytes: Buffer): void {
    this.onGone(connection);
    this.options.onHandOver(connection.socket, bytes);
  }

  onGone(connection: ClientConnection): void {
    this.all.delete(connection);
    if (this.all.size > 0 || this.sweeper === null) return;
    clearInterval(this.sweeper);
    this.sweeper = null;
  }

  private get sweepMs(): number {
    const { headerTimeoutMs } = this.options.limits;
    return headerTimeoutMs === 0 ? SWEEP_MS : Math.min(SWEEP_MS, headerTimeoutMs);
  }

  private sweep(): void {
    const nowMs = performance.now();
    for (const connection of this.all) {
      // Received data is read first: a request that was sent in time may have waited for this process.
      if (connection.idleMs(nowMs) >= SWEEP_MS) connection.forget();
      if (this.isOver(connection, nowMs)) this.endings.add(inside(connection.socket, () => this.end(connection)));
    }
  }

  private isOver(connection: ClientConnection, nowMs: number): boolean {
    return isOverdue(connection, nowMs, this.options.limits);
  }

  private end(connection: ClientConnection): void {
    if (!this.all.has(connection) || !this.isOver(connection, performance.now())) return;
    if (connection.isNew) this.options.onSilent(connection.socket);
    // This includes a client that has not taken the end of its response in all that time.
    else connection.socket.destroy();
  }
}
