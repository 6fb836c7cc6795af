/** Changes of what is one instance's own. Pure. */
import type { InstanceOverrides } from '../lifecycle/instance.ts';
import { LIMIT_NAMES, LIMITS } from '../limits/limit-table.ts';
import { ownLimits } from '../limits/limits.ts';
import type { InstanceChanges } from '../verbs/verbs.ts';
import { withChanges } from './changed-names.ts';

/** Applies changes. A part in which nothing differs stays the same object. */
export function changedOverrides(
  { env, limits }: InstanceOverrides,
  changes: InstanceChanges,
): Pick<InstanceOverrides, 'env' | 'limits'> {
  return {
    env: withChanges(env, changes.env ?? {}),
    limits: withChanges(limits as Readonly<Record<string, number>>, limitChanges(changes.limits ?? {})),
  };
}

/** Converts limits from the units of clients to those of the registry, by field. */
function limitChanges(given: NonNullable<InstanceChanges['limits']>): Record<string, number | null> {
  const removed = LIMIT_NAMES.filter((name) => given[name] === null).map((name) => [LIMITS[name].field, null]);
  const values = LIMIT_NAMES.flatMap((name) => (typeof given[name] === 'number' ? [[name, given[name]]] : []));
  return { ...ownLimits(Object.fromEntries(values)), ...Object.fromEntries(removed) };
}
