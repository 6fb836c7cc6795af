/** HTTP/2 from connections whose TLS handshake has chosen `h2`. */
import type { Socket } from 'node:net';
import type { ProxyLimits } from '../../../core/service/service.ts';
import { inside } from '../../../faults.ts';
import type { Logger } from '../../../logger.ts';
import { PacedQueue } from '../../exchange/paced-queue.ts';
import type { ClientHandler, ClientSource } from '../client-source.ts';
import { isOverdue } from '../overdue.ts';
import { Http2Connection, type Http2ConnectionOwner } from './http2-connection.ts';
import { ResetBudgets } from './reset-budget.ts';
import { WindowBudget } from './window-budget.ts';

/** How often all connections are checked. */
const SWEEP_MS = 1000;
/** How often the source looks whether everybody waits for a flood, and how late that is when they do. */
const GLANCE_MS = 50;
const LATE_MS = 20;
/** Between two lines of the log about the same. */
const SILENT_MS = 60_000;

export interface Http2SourceOptions {
  readonly limits: ProxyLimits;
  readonly logger: Logger;
  readonly handler: Pick<ClientHandler, 'serve'>;
  /** Returns the client that a connection counts for; null: one that stands for many. */
  clientOf(socket: Socket): string | null;
  /**
   * Counts a request under way beside others on its connection, as if it had its own. Returns what ends that; null: there is
   * no room. @param client as of `clientOf`
   */
  admit(client: string | null): (() => void) | null;
}

export class Http2Source implements ClientSource {
  private readonly options: Http2SourceOptions;
  private readonly connections = new Set<Http2Connection>();
  private readonly resets: ResetBudgets;
  private readonly windowBudget: WindowBudget;
  private readonly endings = new PacedQueue();
  /** Until when no further line is logged of bodies that are cut off. */
  private silentUntilMs = 0;
  private sweeper: NodeJS.Timeout | null = null;
  private glancer: NodeJS.Timeout | null = null;
  private glancedAtMs = 0;

  constructor(options: Http2SourceOptions) {
    this.options = options;
    const { processes } = options.limits;
    this.resets = new ResetBudgets(processes);
    this.windowBudget = new WindowBudget(processes);
  }

  take(socket: Socket): Http2Connection {
    const connection = new Http2Connection(socket, this.ownerOf(socket));
    this.connections.add(connection);
    this.sweeper ??= setInterval(() => this.sweep(), this.sweepMs).unref();
    this.glancer ??= this.startGlancer();
    return connection;
  }

  close(): void {
    this.stopSweeper();
  }

  private ownerOf(socket: Socket): Http2ConnectionOwner {
    const { limits, handler, clientOf, admit, logger } = this.options;
    const client = clientOf(socket);
    return {
      maxHeadBytes: limits.maxHeaderBytes,
      resets: this.resets.of(client, performance.now()),
      windowBudget: this.windowBudget,
      serve: (request, response, head) => handler.serve(request, response, head.fault),
      admit: () => admit(client),
      onGone: (connection) => this.onGone(connection),
      onNoMemory: () => this.noteNoMemory(performance.now()),
      onAbuse: (reason) => logger.warn({ client: socket.remoteAddress, reason }, 'HTTP/2 connection closed'),
    };
  }

  private onGone(connection: Http2Connection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.stopSweeper();
  }

  private noteNoMemory(nowMs: number): void {
    if (nowMs < this.silentUntilMs) return;
    this.silentUntilMs = nowMs + SILENT_MS;
    const reason = 'clients send more than their windows allow to applications that do not read it';
    this.options.logger.warn({ reason }, 'request bodies over HTTP/2 cut off');
  }

  private stopSweeper(): void {
    for (const timer of [this.sweeper, this.glancer]) if (timer !== null) clearInterval(timer);
    this.sweeper = null;
    this.glancer = null;
  }

  private get sweepMs(): number {
    const { headerTimeoutMs } = this.options.limits;
    return headerTimeoutMs === 0 ? SWEEP_MS : Math.min(SWEEP_MS, headerTimeoutMs);
  }

  private startGlancer(): NodeJS.Timeout {
    this.glancedAtMs = performance.now();
    return setInterval(() => this.glance(), GLANCE_MS).unref();
  }

  /** A flood makes turns of the event loop long. In short turns nobody waits, and the next sweep is soon enough. */
  private glance(): void {
    const nowMs = performance.now();
    const isLate = nowMs - this.glancedAtMs > GLANCE_MS + LATE_MS;
    this.glancedAtMs = nowMs;
    if (isLate) for (const connection of this.connections) connection.lookForFlood();
  }

  private sweep(): void {
    const nowMs = performance.now();
    this.resets.sweep(nowMs);
    for (const connection of this.connections) {
      connection.look(nowMs, this.options.limits.bodyIdleTimeoutMs);
      // Received frames are read first: a request that was sent in time may have waited for this process.
      if (this.isOver(connection, nowMs)) this.endings.add(inside(connection.socket, () => this.end(connection)));
    }
  }

  private isOver(connection: Http2Connection, nowMs: number): boolean {
    return isOverdue(connection, nowMs, this.options.limits);
  }

  private end(connection: Http2Connection): void {
    if (this.connections.has(connection) && this.isOver(connection, performance.now())) connection.end();
  }
}
