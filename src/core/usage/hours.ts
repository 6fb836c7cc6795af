/** Hours in UTC, by which usage is kept. An hour is the number of whole hours since the epoch. Pure. */

export const HOUR_MS = 3_600_000;

/** Returns the hour that contains a time. @param atMs ms since the epoch */
export function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS);
}

/** Returns for example `2026-11-27T18`. */
export function hourName(hour: number): string {
  return new Date(hour * HOUR_MS).toISOString().slice(0, 13);
}

/** The part of a time span that lies in one hour. */
export interface HourShare {
  readonly hour: number;
  /** From 0 to 1; the shares of a span make 1. */
  readonly share: number;
}

/**
 * Divides a time span among the hours that it covers, oldest first.
 * @param untilMs its end, ms since the epoch
 * @param durationMs its length, which a clock that was set does not change; 0: all belongs to the hour of its end
 */
export function hourShares(untilMs: number, durationMs: number): HourShare[] {
  const fromMs = untilMs - durationMs;
  const last = hourOf(untilMs);
  if (hourOf(fromMs) === last) return [{ hour: last, share: 1 }];
  const shares: HourShare[] = [];
  for (let hour = hourOf(fromMs); hour <= last; hour += 1) {
    const begunMs = Math.max(fromMs, hour * HOUR_MS);
    const share = (Math.min(untilMs, (hour + 1) * HOUR_MS) - begunMs) / durationMs;
    if (share > 0) shares.push({ hour, share });
  }
  return shares;
}
