/** The screen of `top`: a summary, and the instances that fit below. Pure. */

import { shortened } from '../output/display-width.ts';
import { age, bytes, isBusy, plural, UNKNOWN } from '../output/format.ts';
import { stateColor } from '../output/state-color.ts';
import { type Column, type TableSpace, table } from '../output/table.ts';
import type { TopKey, Usage } from './rates.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'INSTANCE' },
  { heading: 'STATE', format: stateColor },
  { heading: 'CPU', rank: 7 },
  { heading: 'MEMORY', rank: 6 },
  { heading: 'REQ/S', rank: 5 },
  { heading: 'IN FLIGHT', rank: 4 },
  { heading: 'IDLE', rank: 3, brief: (cell) => cell.replace(/ \S+[dhms]$/, '') },
  { heading: 'PID', rank: 2 },
  { heading: 'RESTARTS', rank: 1 },
];
const KEYS = 'q quit   c cpu   m memory   r requests   b busy   n name   ↑↓ scroll';
/** Lines that are no instances: two of the summary, the headings, the keys. */
const OTHER_LINES = 4;

export interface ScreenOptions {
  readonly nowMs: number;
  readonly sort: TopKey;
  /** How many instances are scrolled past. */
  readonly offset: number;
  /** Lines of the terminal; null: as many as needed. */
  readonly lines: number | null;
  readonly space: TableSpace;
}

export function topScreen(usages: readonly Usage[], { nowMs, sort, offset, lines, space }: ScreenOptions): string[] {
  const room = lines === null ? usages.length : Math.max(1, lines - OTHER_LINES);
  const first = Math.max(0, Math.min(offset, usages.length - room));
  const shown = usages.slice(first, first + room);
  const width = space.columns ?? Number.POSITIVE_INFINITY;
  const rest = usages.length > shown.length ? `   ${first + 1}-${first + shown.length} of ${usages.length}` : '';
  const head = [statesLine(usages), totalsLine(usages, sort)].map((line) => shortened(line, width));
  const rows = table(
    COLUMNS,
    shown.map((usage) => row(usage, nowMs)),
    space,
  ).split('\n');
  return [...head, ...rows, ...(lines === null ? [] : [space.paint('dim', shortened(KEYS + rest, width))])];
}

function statesLine(usages: readonly Usage[]): string {
  const counts = new Map<string, number>();
  for (const { view } of usages) counts.set(view.state, (counts.get(view.state) ?? 0) + 1);
  const states = [...counts].toSorted(([, a], [, b]) => b - a).map(([state, count]) => `${count} ${state}`);
  return `${plural(usages.length, 'instance')}${states.length > 0 ? `: ${states.join(', ')}` : ''}`;
}

function totalsLine(usages: readonly Usage[], sort: TopKey): string {
  const sum = (figure: (usage: Usage) => number | null) => usages.reduce((all, usage) => all + (figure(usage) ?? 0), 0);
  const cpu = sum((usage) => usage.cpu).toFixed(2);
  const perS = sum((usage) => usage.requestsPerS).toFixed(1);
  const inFlight = sum(({ view }) => view.inFlight);
  return `${cpu} processors, ${bytes(sum(({ view }) => view.memoryBytes))}, ${perS} requests/s, ${inFlight} in flight; by ${sort}`;
}

function row({ view, cpu, requestsPerS }: Usage, nowMs: number): string[] {
  return [
    view.instance,
    view.state,
    cpu === null ? UNKNOWN : `${(cpu * 100).toFixed(1)}%`,
    bytes(view.memoryBytes),
    requestsPerS === null ? UNKNOWN : requestsPerS.toFixed(1),
    String(view.inFlight),
    isBusy(view) ? 'busy' : age(view.lastActivityAt, nowMs),
    view.pid === null ? UNKNOWN : String(view.pid),
    String(view.restarts),
  ];
}
