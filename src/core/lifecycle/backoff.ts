/** Restart policy: when to try again after a crash, and when to give up for a while. Pure. */

export interface BackoffPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Crashes within `windowMs` that are answered with a restart; the next one is a crash loop. */
  readonly maxRestarts: number;
  readonly windowMs: number;
}

/** Random share of a delay, so that instances that crashed together do not restart together. */
const JITTER = 0.2;

/**
 * Returns the delay in ms before the restart that follows the `crashes`-th crash in the window (1 is the first). It
 * doubles each time from `baseMs`, up to `maxMs`, and is up to a fifth longer by `random` (0 to 1).
 */
export function backoffDelayMs(crashes: number, policy: BackoffPolicy, random: number): number {
  const exponent = Math.min(Math.max(crashes - 1, 0), 30);
  const delayMs = Math.min(policy.baseMs * 2 ** exponent, policy.maxMs);
  return Math.min(Math.round(delayMs * (1 + JITTER * random)), policy.maxMs);
}

/** Returns the crash times (ms) that still count at `nowMs`. */
export function recentCrashes(crashesMs: readonly number[], policy: BackoffPolicy, nowMs: number): number[] {
  return crashesMs.filter((atMs) => atMs > nowMs - policy.windowMs);
}
