/** When a message that was not accepted is sent again, and when it is given up. Pure. */

/** Delay after the first failure; it doubles with each further one. */
const FIRST_DELAY_MS = 5000;
export const LONGEST_DELAY_MS = 3_600_000;
/** Random share of a delay, so that messages that failed together are not sent again together. */
const JITTER = 0.2;
/** A message is sent again until it is this old. */
export const KEEP_TRYING_MS = 3 * 24 * 3_600_000;
/** About 85 minutes of attempts, so that a clock that jumps, or a server that was down for days, loses no message. */
const MIN_FAILURES = 10;

/**
 * Returns the delay in ms after the `failures`-th failure in a row (1 is the first).
 * @param random from 0 to 1
 * @param askedMs the receiver's own wish (`Retry-After`), which counts up to the longest delay; null: none
 */
export function retryDelayMs(failures: number, random: number, askedMs: number | null): number {
  const exponent = Math.min(Math.max(failures - 1, 0), 30);
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** exponent, LONGEST_DELAY_MS);
  const jittered = Math.round(delayMs * (1 - JITTER * random));
  return Math.min(Math.max(jittered, askedMs ?? 0), LONGEST_DELAY_MS);
}

/**
 * Whether a message that has just failed is given up.
 * @param atMs time of its event
 * @param failures how many attempts failed in a row, of this message and of those before it in its queue
 */
export function isGivenUp(atMs: number, nowMs: number, failures: number): boolean {
  return nowMs - atMs >= KEEP_TRYING_MS && failures >= MIN_FAILURES;
}

/** Reads a `Retry-After` of whole seconds; null for a date, or anything else. */
export function retryAfterMs(header: string | null): number | null {
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) * 1000 : null;
}
