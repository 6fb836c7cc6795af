/** What instances use now, from two readings of them. Pure. */
import type { InstanceView } from '../../core/verbs/verbs.ts';

/** All instances at one time. */
export interface Reading {
  readonly atMs: number;
  readonly views: readonly InstanceView[];
}

export interface Usage {
  readonly view: InstanceView;
  /** Share of one processor, 1 for a whole one; null: not known yet. */
  readonly cpu: number | null;
  /** Null: not known yet. */
  readonly requestsPerS: number | null;
}

const SORT_FIGURES = {
  cpu: ({ cpu }: Usage) => cpu ?? -1,
  memory: ({ view }: Usage) => view.memoryBytes ?? -1,
  requests: ({ requestsPerS }: Usage) => requestsPerS ?? -1,
  busy: ({ view }: Usage) => view.inFlight,
  name: () => 0,
} as const;

export type TopKey = keyof typeof SORT_FIGURES;
export const TOP_KEYS = Object.keys(SORT_FIGURES) as TopKey[];

/** @param before null: there is one reading only */
export function usagesOf(now: Reading, before: Reading | null, key: TopKey): Usage[] {
  const earlier = new Map(before?.views.map((view) => [view.instance, view]));
  const seconds = before === null ? 0 : (now.atMs - before.atMs) / 1000;
  const figure: (usage: Usage) => number = SORT_FIGURES[key];
  const usages = now.views.map((view) => usageOf(view, earlier.get(view.instance), seconds));
  return usages.toSorted((a, b) => figure(b) - figure(a) || (a.view.instance < b.view.instance ? -1 : 1));
}

/** Another process began to count anew. */
function usageOf(view: InstanceView, was: InstanceView | undefined, seconds: number): Usage {
  if (was === undefined || seconds <= 0) return { view, cpu: null, requestsPerS: null };
  const isSame = view.pid !== null && view.pid === was.pid && view.cpuSeconds !== null && was.cpuSeconds !== null;
  const cpu = isSame ? Math.max(0, ((view.cpuSeconds ?? 0) - (was.cpuSeconds ?? 0)) / seconds) : null;
  return { view, cpu, requestsPerS: Math.max(0, (view.requests - was.requests) / seconds) };
}
