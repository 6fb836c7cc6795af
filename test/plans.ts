/** Plans for tests. */
import type { Plan } from '../src/core/plans/plan.ts';

/** A plan that bounds and grants nothing but what `change` says. */
export function planNamed(name: string, change: Partial<Plan> = {}): Plan {
  const nothing = { limits: {}, bounds: {}, maxInstances: null, policy: null, features: [], counters: {}, env: {} };
  return { name, ...nothing, ...change };
}
