/** When a client's connection has been idle for too long. Pure. */
import type { ProxyLimits } from '../../core/service/service.ts';
import type { ClientOfSource } from './client-source.ts';

interface Connection extends ClientOfSource {
  /** Whether no request was read from it yet. */
  readonly isNew: boolean;
}

type Limits = Pick<ProxyLimits, 'headerTimeoutMs' | 'keepAliveTimeoutMs'>;

/** @param nowMs on the clock of performance.now() */
export function isOverdue(connection: Connection, nowMs: number, limits: Limits): boolean {
  const limitMs = connection.isNew ? limits.headerTimeoutMs : limits.keepAliveTimeoutMs;
  return limitMs > 0 && connection.idleMs(nowMs) >= limitMs;
}
