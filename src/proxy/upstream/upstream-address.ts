/** How a tenant's process is connected to. */
import type { Upstream } from '../../core/ports.ts';

/** A Unix socket with a full backlog says EAGAIN at once, where TCP would wait. */
export const FULL_BACKLOG_WAIT_MS = 10;

/** For net.connect. */
export function connectOptions(upstream: Upstream): { host: string; port: number } | { path: string } {
  return 'port' in upstream ? { host: '127.0.0.1', port: upstream.port } : { path: upstream.socketPath };
}
