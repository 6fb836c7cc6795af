/** When an instance may go to sleep. Pure. */

export interface Activity {
  /** Requests in flight and open streams together. */
  readonly open: number;
  readonly lastActivityAtMs: number;
}

/**
 * When (ms since the epoch) it goes to sleep if nothing more happens, or null: it never sleeps, or
 * something is open. A time in the past means now.
 */
export function sleepsAtMs(activity: Activity, idleTimeoutMs: number): number | null {
  if (idleTimeoutMs === 0 || activity.open > 0) return null;
  return activity.lastActivityAtMs + idleTimeoutMs;
}
