/** The field `Retry-After` (RFC 9110 §10.2.3). Pure. */

/** A server that asks for more is asked again after this time. */
const LONGEST_MS = 7 * 24 * 60 * 60_000;

/** Returns how long a server asks to wait, in ms; null: it does not say. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(LONGEST_MS, Math.max(0, ms));
}
