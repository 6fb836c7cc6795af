/** How to connect to a tenant's process. */
import type { Upstream } from '../../core/ports.ts';

/** Delay before a new try when a Unix socket's backlog is full, which gives EAGAIN at once, where TCP would wait. */
export const FULL_BACKLOG_WAIT_MS = 10;

/** Options for net.connect. */
export function connectOptions(upstream: Upstream): { host: string; port: number } | { path: string } {
  return 'port' in upstream ? { host: '127.0.0.1', port: upstream.port } : { path: upstream.socketPath };
}
