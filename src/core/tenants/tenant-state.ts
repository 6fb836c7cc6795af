/** The state of a tenant, which follows from the reasons to close it. Pure. */

/** Reasons to refuse a tenant's requests, the one that is told first when there are several. */
const CLOSURES = ['provisioning'] as const;
export type Closure = (typeof CLOSURES)[number];
export type TenantState = 'active' | Closure;

/** Returns the reason that is told; null: the tenant is open. */
export function toldClosure(closures: Iterable<Closure>): Closure | null {
  const all = new Set(closures);
  return CLOSURES.find((closure) => all.has(closure)) ?? null;
}
