/** Numbers and tables for people. Pure. */

import { formatBytes } from '../../core/limits/units.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import { wrapped } from './display-width.ts';
import type { TableSpace } from './table.ts';

/** Stands for an unknown value. */
export const UNKNOWN = '-';

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
];

/** Formats the two largest units: "3d 4h", "5m 12s", "41s"; at least "0s". */
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

/** Returns the time between an ISO 8601 time and now. */
export function age(iso: string | null, nowMs: number): string {
  return iso === null ? UNKNOWN : duration(nowMs - Date.parse(iso));
}

/** Formats a size in units of 1024: "17.3 MB". */
export function bytes(count: number | null): string {
  return count === null ? UNKNOWN : formatBytes(count);
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Formats "label   value" lines with aligned values. On a terminal, long values go on below their beginning. */
export function block(
  entries: readonly (readonly [label: string, value: string])[],
  { columns }: Pick<TableSpace, 'columns'>,
): string {
  const width = Math.max(...entries.map(([label]) => label.length));
  const indent = width + 4;
  const lines = (value: string) => (columns === null ? [value] : wrapped(value, columns - indent));
  return entries
    .map(([label, value]) => `  ${label.padEnd(width)}  ${lines(value).join(`\n${' '.repeat(indent)}`)}`)
    .join('\n');
}

/** Whether the instance has open requests, streams or connections. */
export function isBusy({ inFlight, openStreams, openConnections }: InstanceView): boolean {
  return inFlight + openStreams + openConnections > 0;
}
