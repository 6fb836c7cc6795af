/** When an instance may go to sleep. Pure. */

export interface Activity {
  /** Requests in flight plus open streams. */
  readonly open: number;
  readonly lastActivityAtMs: number;
  /** Until when the application asked to stay awake; 0: it did not. */
  readonly busyUntilMs: number;
}

/**
 * Returns when it goes to sleep if nothing more happens, in ms since the epoch; a past time means now. null: it never
 * sleeps, or something is open.
 */
export function sleepsAtMs(activity: Activity, idleTimeoutMs: number): number | null {
  if (idleTimeoutMs === 0 || activity.open > 0) return null;
  return Math.max(activity.lastActivityAtMs + idleTimeoutMs, activity.busyUntilMs);
}
