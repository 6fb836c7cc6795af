/** Connections to tenants: one pool for each generation of a process, so that no connection outlives its process. */
import { EventEmitter } from 'node:events';
import type { Lease } from '../../core/admission/serving.ts';
import type { Logger } from '../../logger.ts';
import { UpstreamPool } from './upstream-pool.ts';

/** How often all pools are searched for connections that are no longer used. */
const SWEEP_MS = 500;

/** Called for every connection that is opened to a process (1) or closed (-1). */
export type OnConnection = (generation: number, change: 1 | -1) => void;

export class UpstreamPools {
  private readonly onConnection: OnConnection;
  /** Above this number of open connections, an idle one is closed for each new one; 0: no limit. */
  private readonly maxOpen: number;
  private open = 0;
  private readonly logger: Logger;
  private readonly pools = new Map<number, UpstreamPool>();
  private sweeper: NodeJS.Timeout | null = null;
  /** One event for each generation, with as many listeners as there are waiting requests. */
  private readonly retirements = new EventEmitter().setMaxListeners(0);

  constructor(logger: Logger, onConnection: OnConnection = () => {}, maxOpen = 0) {
    this.logger = logger;
    this.onConnection = onConnection;
    this.maxOpen = maxOpen;
  }

  for(lease: Pick<Lease, 'generation' | 'upstream'>): UpstreamPool {
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS).unref();
    const pool = this.pools.get(lease.generation);
    if (pool !== undefined) return pool;
    const made = new UpstreamPool(lease.upstream, this.logger, (change) => this.count(lease.generation, change));
    this.pools.set(lease.generation, made);
    return made;
  }

  /** Each request has one connection, so there are no more busy ones than clients; idle ones must not add to them. */
  private count(generation: number, change: 1 | -1): void {
    this.open += change;
    if (change === 1 && this.maxOpen > 0 && this.open > this.maxOpen) this.closeIdle();
    this.onConnection(generation, change);
  }

  private closeIdle(): void {
    for (const pool of this.pools.values()) if (pool.closeIdle()) return;
  }

  /** Settles when the generation is retired, or after `timeoutMs`. */
  retired(generation: number, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (!this.pools.has(generation)) return resolve();
      const done = () => {
        clearTimeout(timer);
        this.retirements.off(String(generation), done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.retirements.on(String(generation), done);
    });
  }

  /** The process gets no further request: idle connections close now, the others when they are done. */
  retire(generation: number): void {
    const pool = this.pools.get(generation);
    this.pools.delete(generation);
    this.retirements.emit(String(generation));
    pool?.retire();
  }

  destroy(): void {
    for (const pool of this.pools.values()) pool.destroy();
    this.pools.clear();
    this.stopSweeper();
  }

  private sweep(): void {
    const nowMs = performance.now();
    let open = 0;
    for (const pool of this.pools.values()) open += pool.sweep(nowMs);
    if (open === 0) this.stopSweeper();
  }

  private stopSweeper(): void {
    if (this.sweeper !== null) clearInterval(this.sweeper);
    this.sweeper = null;
  }
}
