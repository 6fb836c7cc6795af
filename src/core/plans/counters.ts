/** Counters: what an application counts for its tenant, such as users, within a limit of the plan. Pure. */
import { TenementError } from '../../errors.ts';
import type { Plan } from './plan.ts';

/** Fits into a path and a key of tenement.toml. */
export const COUNTER_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
export const COUNTER_NAME_MEANING = 'a letter, then up to 62 letters, digits, _ and -';

export interface Counter {
  readonly name: string;
  readonly value: number;
  /** null: unlimited. */
  readonly limit: number | null;
}

/** Returns the limit of a counter. @throws {TenementError} `not_found` when the plan has no such counter */
export function counterLimit(plan: Plan | null, name: string): number | null {
  const counters = plan?.counters ?? {};
  const limit = Object.hasOwn(counters, name) ? counters[name] : undefined;
  if (limit !== undefined) return limit;
  const known = Object.keys(counters);
  throw new TenementError('not_found', `the plan has no counter ${JSON.stringify(name.slice(0, 80))}`, {
    hint: known.length === 0 ? 'The plan has no counters.' : `Counters of the plan: ${known.join(', ')}.`,
  });
}

/**
 * Returns the counter after `add`. A negative `add` gives back, also above a limit that has become lower, but never
 * below zero.
 * @throws {TenementError} `quota_exceeded` when it would pass its limit
 */
export function counted({ name, value, limit }: Counter, add: number): Counter {
  const next = Math.min(Math.max(0, value + add), Number.MAX_SAFE_INTEGER);
  if (add > 0 && limit !== null && next > limit) {
    throw new TenementError('quota_exceeded', `${name} is ${value}, and ${add} more would pass its limit of ${limit}`, {
      hint: 'Give some back first, or move the tenant to a plan with a higher limit.',
    });
  }
  return { name, value: next, limit };
}
