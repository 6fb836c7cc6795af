/** Figures and tables for people. Pure. */

import type { InstanceView } from '../../core/input/verbs.ts';
import { formatBytes } from '../../core/limits/units.ts';

/** "-" stands for what is not known. */
export const UNKNOWN = '-';

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
];

/** The two largest units: "3d 4h", "5m 12s", "41s"; at least "0s". */
export function duration(ms: number): string {
  let seconds = Math.max(0, Math.round(ms / 1000));
  const parts: string[] = [];
  for (const [size, name] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0 || parts.length > 0) parts.push(`${count}${name}`);
  }
  parts.push(`${seconds}s`);
  return parts.slice(0, 2).join(' ');
}

/** Time from an ISO 8601 time to now. */
export function age(iso: string | null, nowMs: number): string {
  return iso === null ? UNKNOWN : duration(nowMs - Date.parse(iso));
}

/** "17.3 MB", in units of 1024. */
export function bytes(count: number | null): string {
  return count === null ? UNKNOWN : formatBytes(count);
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Rows under headings, each column as wide as its widest cell. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_heading, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

/** "label   value" lines under one margin. */
export function block(entries: readonly (readonly [label: string, value: string])[]): string {
  const width = Math.max(...entries.map(([label]) => label.length));
  return entries.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`).join('\n');
}

/** Whether something is open on it. */
export function isBusy({ inFlight, openStreams, openConnections }: InstanceView): boolean {
  return inFlight + openStreams + openConnections > 0;
}
