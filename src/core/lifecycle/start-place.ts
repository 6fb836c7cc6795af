/** How long a start occupies one of `max_concurrent_starts` places. Pure. */

/**
 * No start gives up its place before this. Most programs have begun by then, and a client does not notice the delay
 * behind a program that never listens.
 */
const FLOOR_MS = 1000;
/** A process that uses less of a processor than this share waits for something else. */
const QUIET_SHARE = 0.2;
/** A start gives up its place after this many times the usual duration, however busy it is. */
const PATIENCE = 5;

/** Returns the median of the last successful starts of a service, at least 1 s and at most the startup time-out. */
export function usualStartMs(lastMs: readonly number[], startupTimeoutMs: number): number {
  const sorted = lastMs.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return Math.min(Math.max(median, FLOOR_MS), startupTimeoutMs);
}

export interface StartSoFar {
  readonly elapsedMs: number;
  /** Time since the last look, or since the start. */
  readonly sinceLookMs: number;
  /** Processor time within `sinceLookMs`; it may be longer with several processors. */
  readonly ranMs: number;
  readonly usualMs: number;
}

/** Returns the delay until the next look, or null to give up the place. First called when the usual time has passed. */
export function nextLookMs({ elapsedMs, sinceLookMs, ranMs, usualMs }: StartSoFar): number | null {
  if (elapsedMs < usualMs) return usualMs - elapsedMs;
  const leftMs = PATIENCE * usualMs - elapsedMs;
  if (leftMs <= 0 || ranMs < QUIET_SHARE * sinceLookMs) return null;
  return Math.min(FLOOR_MS, leftMs);
}
