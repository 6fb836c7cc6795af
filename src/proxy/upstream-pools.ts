/** Connections to tenants: one pool for each generation of a process, so that none outlives it. */
import { Pool } from 'undici';
import type { Lease } from '../core/ports.ts';

/** Below what servers keep idle connections for (Node and uvicorn 5 s, gunicorn 2 s): a stale one is never used. */
const KEEP_ALIVE_MS = 1500;

export class UpstreamPools {
  private readonly pools = new Map<number, Pool>();

  for(lease: Lease): Pool {
    const pool = this.pools.get(lease.generation);
    if (pool !== undefined) return pool;
    const made = makePool(lease);
    this.pools.set(lease.generation, made);
    return made;
  }

  /** No further request goes there: idle connections close now, the others when they are done. */
  retire(generation: number): void {
    const pool = this.pools.get(generation);
    this.pools.delete(generation);
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
