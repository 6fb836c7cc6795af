/** The state of a tenant, which follows from the reasons to close it. Pure. */
import type { Refusal } from '../admission/serving.ts';

/** Reasons to refuse a tenant's requests, the one that is told first when there are several. */
const CLOSURES = ['provisioning', 'stopped', 'expired'] as const;
export type Closure = (typeof CLOSURES)[number];
/** `over_quota` closes nothing: each request is refused by itself. */
export const TENANT_STATES = ['provisioning', 'active', 'expired', 'stopped', 'over_quota'] as const;
/** State of a tenant as a whole. */
export type TenantState = (typeof TENANT_STATES)[number];

/** States in which none of the tenant's instances may run. */
const HALTING: ReadonlySet<TenantState> = new Set(['provisioning', 'stopped', 'expired']);

/** Answers to requests. */
export const REFUSALS = {
  // While the directory is made, which takes milliseconds.
  provisioning: { refused: 'provisioning', retryAfterS: 1 },
  stopped: { refused: 'stopped', retryAfterS: null },
  expired: { refused: 'expired', retryAfterS: null },
} as const satisfies Record<Closure, Refusal>;

/** Returns the reason that is told; null: the tenant is open. */
export function toldClosure(closures: Iterable<Closure>): Closure | null {
  const all = new Set(closures);
  return CLOSURES.find((closure) => all.has(closure)) ?? null;
}

export function isHalting(state: TenantState): boolean {
  return HALTING.has(state);
}
