/** The demand for a start: a request, an operator or the server itself. Pure. */

export type Demand =
  /** Requests are held for it. `client`: sender of the first of them; null when unknown. */
  | { readonly by: 'request'; readonly client: string | null }
  /** An operator asked for it, and may be waiting. */
  | { readonly by: 'operator' }
  /** `[instances]`, a rolling restart, or the restart after a crash: nobody waits. */
  | { readonly by: 'server' };

export const BY_OPERATOR: Demand = { by: 'operator' };
export const BY_SERVER: Demand = { by: 'server' };

const ORDER: readonly Demand['by'][] = ['request', 'operator', 'server'];

/** Returns the rank; demands with a lower rank start first. */
export function rankOf({ by }: Demand): number {
  return ORDER.indexOf(by);
}
