/** How what a spawn asks for differs from what is registered. Pure. */
import type { TenantsOwn } from '../lifecycle/instance.ts';
import { LIMITS } from '../limits/limit-table.ts';

/** By the names of a service's fields: the keys as an operator writes them. */
const KEYS: ReadonlyMap<string, string> = new Map(Object.values(LIMITS).map(({ field, key }) => [field, key]));

/**
 * The variables and limits that `asked` gives other values than `registered` has, by name: a value may be a secret. What
 * `asked` does not name does not differ. null: nothing differs.
 */
export function ownDifference(registered: TenantsOwn, asked: TenantsOwn): string | null {
  const variables = differing(registered.env, asked.env);
  const limits = differing(registered.limits, asked.limits).map((key) => KEYS.get(key) ?? key);
  const parts = [
    ...(variables.length > 0 ? [`another value of ${variables.join(', ')}`] : []),
    ...(limits.length > 0 ? [`another ${limits.join(', ')}`] : []),
  ];
  return parts.length === 0 ? null : parts.join(' and ');
}

function differing(registered: object, asked: object): string[] {
  const had = new Map(Object.entries(registered));
  return Object.entries(asked).flatMap(([name, value]) => (had.get(name) === value ? [] : [name]));
}
