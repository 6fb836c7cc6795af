/** Plans for tests. */
import type { Plan } from '../src/core/plans/plan.ts';

/** A plan that bounds and grants nothing but what `change` says. */
export function planNamed(name: string, change: Partial<Plan> = {}): Plan {
  return { name, limits: {}, bounds: {}, maxInstances: null, policy: null, features: [], env: {}, ...change };
}
