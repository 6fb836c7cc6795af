/** When a tenant's time ends: as people write it, and when to look next. Pure. */
import { TenementError } from '../../errors.ts';
import { parseDurationMs } from '../limits/units.ts';

/** A date, or a time with a zone (ISO 8601). Without a zone, a time would depend on the server's. */
const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;
/** A duration with a unit. A bare number could be meant as a year or as days. */
const DURATION = /[a-z]$/;
/** The latest time that a date can be written with four digits of the year. */
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Longest pause between two looks at the clock. A timer measures steady time, and a date is wall-clock time, which may
 * jump; and setTimeout takes no more than 2³¹ − 1 ms.
 */
export const LOOK_AGAIN_MS = 60_000;

/**
 * Reads `2026-12-31` (its beginning in UTC), `2026-12-31T12:00:00Z`, a duration from now (`30d`), `now`, or `never`.
 * @returns ms since the epoch; null: never
 * @throws {TenementError} `bad_input`, for a date in the past, too
 */
export function parseExpiry(text: string, nowMs: number): number | null {
  if (text === 'never') return null;
  const atMs = timeOf(text, nowMs);
  if (atMs === null || Number.isNaN(atMs) || atMs > LATEST_MS) {
    throw new TenementError(
      'bad_input',
      `expires: ${JSON.stringify(text.slice(0, 80))} is neither a date nor a duration`,
      {
        hint: 'Write a date such as 2026-12-31 or 2026-12-31T12:00:00Z, a duration such as 30d, now, or never.',
      },
    );
  }
  if (atMs >= nowMs) return atMs;
  throw new TenementError('bad_input', `expires: ${text} is in the past`, {
    hint: 'Write `now` to end its time at once, or a later date.',
  });
}

function timeOf(text: string, nowMs: number): number | null {
  if (text === 'now') return nowMs;
  if (DATE.test(text)) return Date.parse(text);
  const durationMs = DURATION.test(text) ? parseDurationMs(text) : null;
  return durationMs === null ? null : nowMs + durationMs;
}

/** Returns how long to wait before the next look at the clock; null: nothing is left to come. */
export function nextLookMs(expiries: Iterable<number>, nowMs: number): number | null {
  let next: number | null = null;
  for (const atMs of expiries) {
    // A clock that is set back brings a passed date before us again.
    const inMs = atMs <= nowMs ? LOOK_AGAIN_MS : Math.min(atMs - nowMs, LOOK_AGAIN_MS);
    next = Math.min(next ?? inMs, inMs);
  }
  return next;
}
