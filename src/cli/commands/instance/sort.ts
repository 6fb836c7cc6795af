/** Orders of instances. Pure. */
import type { InstanceView } from '../../../core/verbs/verbs.ts';

/** The figure that each key orders by; of `name` and `state` there is none. Instances without a value come last. */
const VALUES = {
  name: () => 0,
  state: () => 0,
  memory: (view) => view.memoryBytes ?? -1,
  cpu: (view) => view.cpuSeconds ?? -1,
  requests: (view) => view.requests,
  restarts: (view) => view.restarts,
  uptime: (view) => (view.pid === null ? Number.NEGATIVE_INFINITY : -timeOf(view.startedAt)),
  idle: (view) => -timeOf(view.lastActivityAt),
} as const satisfies Record<string, (view: InstanceView) => number>;

export type SortKey = keyof typeof VALUES;
export const SORT_KEYS = Object.keys(VALUES) as SortKey[];

/** Sorts figures with the largest first, and all else by the alphabet. */
export function sorted(views: readonly InstanceView[], key: SortKey): InstanceView[] {
  const figure: (view: InstanceView) => number = VALUES[key];
  return views.toSorted(
    (a, b) =>
      (key === 'state' ? order(a.state, b.state) : order(figure(b), figure(a))) || order(a.instance, b.instance),
  );
}

function timeOf(iso: string | null): number {
  return iso === null ? Number.MAX_SAFE_INTEGER : Date.parse(iso);
}

function order<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : Number(a > b);
}
