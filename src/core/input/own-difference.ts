/** Compares the settings of a spawn with those that are registered. Pure. */
import type { InstanceOverrides } from '../lifecycle/instance.ts';
import { LIMITS } from '../limits/limit-table.ts';

/** Field of a service → key as an operator writes it. */
const KEYS: ReadonlyMap<string, string> = new Map(Object.values(LIMITS).map(({ field, key }) => [field, key]));

/**
 * Names the variables and limits for which `asked` gives another value than `registered`. Values are left out, because
 * they may be secret. Names that `asked` lacks do not differ. null: no difference.
 */
export function ownDifference(registered: InstanceOverrides, asked: InstanceOverrides): string | null {
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
