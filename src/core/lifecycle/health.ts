/** Liveness: how many failed probes in a row mean that an instance is unhealthy. Pure. */
import type { ProbeResult } from '../ports.ts';

/** Kubernetes' default `failureThreshold`; one slow answer is not a reason to restart. */
const FAILURE_THRESHOLD = 3;

export interface Health {
  readonly failures: number;
  /** When the first of a series of unanswered probes began, ms since the epoch; null: the last probe was answered. */
  readonly silentSinceMs: number | null;
}

/** What the process does while it is probed. Times are ms since the epoch. */
export interface Workload {
  readonly nowMs: number;
  /** Whether a request is in flight. */
  readonly isBusy: boolean;
  /** When it last answered a request; 0: never. */
  readonly answeredAtMs: number;
  /** How long an answer may take; 0: unlimited. */
  readonly requestTimeoutMs: number;
}

export const HEALTHY: Health = { failures: 0, silentSinceMs: null };

/** Returns the health after a probe. @param begunAtMs when the probe was sent */
export function afterProbe(health: Health, result: ProbeResult, begunAtMs: number, workload: Workload): Health {
  if (result.ok) return HEALTHY;
  const silentSinceMs = result.isSilent === true ? (health.silentSinceMs ?? begunAtMs) : null;
  const isExcused = silentSinceMs !== null && mayBeAtWork(silentSinceMs, workload);
  return { silentSinceMs, failures: isExcused ? health.failures : health.failures + 1 };
}

/** A server with one worker answers no probe while it handles a request. */
function mayBeAtWork(silentSinceMs: number, { nowMs, isBusy, answeredAtMs, requestTimeoutMs }: Workload): boolean {
  if (!isBusy) return false;
  return requestTimeoutMs === 0 || nowMs - Math.max(silentSinceMs, answeredAtMs) < requestTimeoutMs;
}

export function isUnhealthy(health: Health): boolean {
  return health.failures >= FAILURE_THRESHOLD;
}
