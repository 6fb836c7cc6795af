/** Numbers and times for people. Pure. */

/** Stands for what is not known. */
export const UNKNOWN = '–';

const NUMBER = new Intl.NumberFormat('en');
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** "12,345" */
export function count(value: number): string {
  return NUMBER.format(value);
}

/** "12K"; for axes. */
export function compact(value: number): string {
  return COMPACT.format(value);
}

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** Formats a size in units of 1024, as the command line does: "17.3 MB". */
export function bytes(value: number | null): string {
  if (value === null) return UNKNOWN;
  let size = value;
  let unit = 0;
  while (size >= 1023.95 && unit < BYTE_UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(size) : size.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** "3.1 of 7.5 GB", "286.1 MB of 1.9 GB" */
export function bytesOf(part: number, whole: number): string {
  const [amount, unit] = bytes(part).split(' ');
  const all = bytes(whole);
  return all.endsWith(` ${unit}`) ? `${amount} of ${all}` : `${amount} ${unit} of ${all}`;
}

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
];

/** Formats the largest unit, and the next if the first is small: "3d 4h", "12m", "5m 12s", "41s". */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1000)) * 1000;
  const first = UNITS.findIndex(([size]) => whole >= size);
  const [size, name] = UNITS[first] ?? [1000, 's'];
  const next = UNITS[first + 1];
  const amount = Math.floor(whole / size);
  const rest = next === undefined || amount >= 10 ? 0 : Math.floor((whole % size) / next[0]);
  return rest === 0 || next === undefined ? `${amount}${name}` : `${amount}${name} ${rest}${next[1]}`;
}

/** Time on a CPU, exact as long as it is short: "0.1 s", "41.7 s", "5m 12s". */
export function cpuTime(seconds: number | null): string {
  if (seconds === null) return UNKNOWN;
  return seconds < 59.95 ? `${seconds.toFixed(1)} s` : duration(seconds * 1000);
}

/** "5m ago", "in 3d 4h", "now". */
export function relative(iso: string | null, nowMs: number): string {
  if (iso === null) return UNKNOWN;
  const ms = Date.parse(iso) - nowMs;
  if (Math.abs(ms) < 1000) return 'now';
  return ms < 0 ? `${duration(-ms)} ago` : `in ${duration(ms)}`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** The time of day of the browser's zone: "14:03:09". */
export function clockTime(iso: string): string {
  const at = new Date(iso);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The same with the date: "2026-11-28 14:03:09". */
export function dateTime(iso: string): string {
  const at = new Date(iso);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clockTime(iso)}`;
}

/** The time of day, with the date unless it is today's. */
export function eventTime(iso: string, nowMs: number): string {
  const full = dateTime(iso);
  return full.slice(0, 10) === dateTime(new Date(nowMs).toISOString()).slice(0, 10) ? full.slice(11) : full.slice(5);
}
