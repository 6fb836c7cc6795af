/** How long a start keeps its place among `max_concurrent_starts`. Pure. */

/**
 * No start gives its place up before this. Long enough for most programs to have begun, short enough that a client does
 * not notice it behind one that never listens.
 */
const FLOOR_MS = 1000;
/** Less of a processor than this, and it waits for something else. */
const QUIET_SHARE = 0.2;
/** Past so many times the usual, it gives its place up, however busy it is. */
const PATIENCE = 5;

/** The median of the last successful starts of a service, but not below a floor, nor above the startup time-out. */
export function usualStartMs(lastMs: readonly number[], startupTimeoutMs: number): number {
  const sorted = lastMs.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return Math.min(Math.max(median, FLOOR_MS), startupTimeoutMs);
}

export interface StartSoFar {
  readonly elapsedMs: number;
  /** Since the last look, or since the start. */
  readonly sinceLookMs: number;
  /** Of `sinceLookMs`, what it ran on a processor; more with several processors. */
  readonly ranMs: number;
  readonly usualMs: number;
}

/** When to look again, or null: it gives its place up. Asked first when the usual time has passed. */
export function nextLookMs({ elapsedMs, sinceLookMs, ranMs, usualMs }: StartSoFar): number | null {
  if (elapsedMs < usualMs) return usualMs - elapsedMs;
  const leftMs = PATIENCE * usualMs - elapsedMs;
  if (leftMs <= 0 || ranMs < QUIET_SHARE * sinceLookMs) return null;
  return Math.min(FLOOR_MS, leftMs);
}
