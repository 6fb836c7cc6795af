/** Connections to tenants: one pool for each generation of a process, so that none outlives it. */
import { EventEmitter } from 'node:events';
import { Pool } from 'undici';
import type { Lease } from '../core/ports.ts';

/** Below what servers keep idle connections for (Node and uvicorn 5 s, gunicorn 2 s): a stale one is never used. */
const KEEP_ALIVE_MS = 1500;

export class UpstreamPools {
  private readonly pools = new Map<number, Pool>();
  /** An event for each generation; as many wait as there were requests. */
  private readonly retirements = new EventEmitter().setMaxListeners(0);

  for(lease: Lease): Pool {
    const pool = this.pools.get(lease.generation);
    if (pool !== undefined) return pool;
    const made = makePool(lease);
    this.pools.set(lease.generation, made);
    return made;
  }

  /** Settles when the generation is retired, at the latest after `timeoutMs`. */
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

  /** No further request goes there: idle connections close now, the others when they are done. */
  retire(generation: number): void {
    const pool = this.pools.get(generation);
    this.pools.delete(generation);
    this.retirements.emit(String(generation));
    // Requests that are cut by the end of the process have been told; the pool has nothing to add.
    void pool?.close().catch(() => {});
  }

  async destroy(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy().catch(() => {})));
  }
}

function makePool(lease: Lease): Pool {
  const { upstream } = lease;
  const common = {
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // The proxy has its own, exact timer to the first byte; bodies may take as long as they like.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  if ('port' in upstream) return new Pool(`http://127.0.0.1:${upstream.port}`, common);
  return new Pool('http://localhost', { ...common, socketPath: upstream.socketPath });
}
