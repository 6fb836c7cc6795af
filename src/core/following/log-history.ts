/** Joins what was read of a log with the lines that arrived during the read. Pure. */
import type { LogLine } from '../stores/log-store.ts';

/**
 * Returns the lines of `arrived` that are not at the end of `read` already. `arrived` begins before the read. The read
 * may have seen none, some or all of these lines, and with a short tail only the last of those.
 */
export function notYetRead(read: readonly LogLine[], arrived: readonly LogLine[]): LogLine[] {
  if (read.length === 0) return [...arrived];
  for (let seen = arrived.length; seen > 0; seen -= 1) {
    if (endsWith(read, arrived, seen)) return arrived.slice(seen);
  }
  return [...arrived];
}

/** Whether the last lines of `read` are the last of the first `seen` lines of `arrived`. */
function endsWith(read: readonly LogLine[], arrived: readonly LogLine[], seen: number): boolean {
  const overlap = Math.min(read.length, seen);
  for (let back = 1; back <= overlap; back += 1) {
    if (!same(read[read.length - back], arrived[seen - back])) return false;
  }
  return true;
}

function same(one: LogLine | undefined, other: LogLine | undefined): boolean {
  return one?.atMs === other?.atMs && one?.stream === other?.stream && one?.text === other?.text;
}
