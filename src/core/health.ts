/** Liveness: how many failed probes in a row mean that an instance is unhealthy. Pure. */

/** Kubernetes' default `failureThreshold`; one slow answer is not a reason to restart. */
const FAILURE_THRESHOLD = 3;

export interface Health {
  readonly failures: number;
}

export const HEALTHY: Health = { failures: 0 };

export function afterProbe(health: Health, ok: boolean): Health {
  return ok ? HEALTHY : { failures: health.failures + 1 };
}

export function isUnhealthy(health: Health): boolean {
  return health.failures >= FAILURE_THRESHOLD;
}
