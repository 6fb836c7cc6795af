/** The connections to one generation of a process; none outlives it. */
import type { Upstream } from '../../core/ports.ts';
import type { Logger } from '../../logger.ts';
import { UpstreamConnection } from './upstream-connection.ts';

/**
 * Shorter than servers keep idle connections (Node and uvicorn 5 s, gunicorn 2 s), so that a stale one is never used.
 */
const KEEP_ALIVE_MS = 1500;
/**
 * The same for a request that may be sent only once. A tenant may close a connection at the moment when the request is
 * sent, and then nobody knows whether the tenant has read it. No server closes a connection this soon after a response.
 */
const KEEP_ALIVE_ONCE_MS = 10;

export class UpstreamPool {
  private readonly upstream: Upstream;
  private readonly logger: Logger;
  private readonly onConnection: (change: 1 | -1) => void;
  private readonly all = new Set<UpstreamConnection>();
  /** The newest comes last. */
  private free: UpstreamConnection[] = [];
  private retired = false;

  constructor(upstream: Upstream, logger: Logger, onConnection: (change: 1 | -1) => void) {
    this.upstream = upstream;
    this.logger = logger;
    this.onConnection = onConnection;
  }

  /**
   * Returns a connection that was used a moment ago, or a new one. An idle connection that is too old for the request
   * is closed, so that no more are open than are needed.
   * @param mayRepeat whether the request can be sent again if the tenant closes the connection
   */
  take(mayRepeat: boolean): UpstreamConnection {
    const newest = this.free.pop();
    const keepAliveMs = mayRepeat ? KEEP_ALIVE_MS : KEEP_ALIVE_ONCE_MS;
    if (newest !== undefined && idleMs(newest, performance.now()) <= keepAliveMs) return newest;
    newest?.destroy();
    const made = new UpstreamConnection(this.upstream, this.logger, this);
    this.all.add(made);
    this.onConnection(1);
    return made;
  }

  /** Closes idle connections now, and the others when they are done. */
  retire(): void {
    this.retired = true;
    for (const connection of this.free) connection.destroy();
    this.free = [];
  }

  destroy(): void {
    this.retire();
    for (const connection of this.all) connection.destroy();
  }

  /** Closes the connection that has been idle the longest; returns whether there was one. */
  closeIdle(): boolean {
    const oldest = this.free.shift();
    oldest?.destroy();
    return oldest !== undefined;
  }

  onFree(connection: UpstreamConnection): void {
    if (this.retired) return connection.destroy();
    connection.freeSinceMs = performance.now();
    this.free.push(connection);
  }

  onGone(connection: UpstreamConnection): void {
    if (this.all.delete(connection)) this.onConnection(-1);
    const index = this.free.indexOf(connection);
    if (index !== -1) this.free.splice(index, 1);
  }

  /**
   * Closes connections that were idle for too long, and drops those whose end was missed because of a fault. Returns
   * how many there are.
   */
  sweep(nowMs: number): number {
    for (const connection of this.all) if (connection.isClosed) connection.closed();
    while (this.free[0] !== undefined && idleMs(this.free[0], nowMs) > KEEP_ALIVE_MS) this.free.shift()?.destroy();
    return this.all.size;
  }
}

function idleMs({ freeSinceMs }: UpstreamConnection, nowMs: number): number {
  return nowMs - freeSinceMs;
}
