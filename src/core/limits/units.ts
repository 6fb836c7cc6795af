/** Durations and sizes as people write them. Pure. */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(ms|s|m|h|d))+$/;
const PART = /(\d+)(ms|s|m|h|d)/g;

/**
 * Returns milliseconds for whole seconds (`300`) or a string (`"5m"`, `"250ms"`, `"1h30m"`), or null for anything else.
 */
export function parseDurationMs(value: string | number): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value * 1000 : null;
  const text = value.trim();
  if (/^\d+$/.test(text)) return parseDurationMs(Number(text));
  if (!DURATION.test(text)) return null;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(PART)) totalMs += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  return Number.isSafeInteger(totalMs) ? totalMs : null;
}

/** Like `parseDurationMs`, for callers without a better message. @throws {RangeError} when `value` is no duration */
export function parseDuration(value: string | number): number {
  const ms = parseDurationMs(value);
  if (ms === null) throw new RangeError(`${JSON.stringify(value)} is not a duration; write 300, "5m" or "250ms"`);
  return ms;
}

/** Formats the two largest units: "4m 10s", "250ms", "3d 2h". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  let restS = Math.round(ms / 1000);
  const parts: string[] = [];
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(restS / seconds);
    restS -= count * seconds;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(' ');
}

/** Formats a size in units of 1024: "1 byte", "512 bytes", "3.4 KB", "17.3 MB". */
export function formatBytes(count: number): string {
  if (count < 1024) return count === 1 ? '1 byte' : `${Math.round(count)} bytes`;
  const kilobytes = count / 1024;
  if (kilobytes < 9.95) return `${kilobytes.toFixed(1)} KB`;
  if (kilobytes < 1023.5) return `${Math.round(kilobytes)} KB`;
  const megabytes = kilobytes / 1024;
  return megabytes < 1023.95 ? `${megabytes.toFixed(1)} MB` : `${(megabytes / 1024).toFixed(1)} GB`;
}
