/** What a plan says about the traffic and the use of its tenants. Pure. */
import type { Quota } from './quota.ts';
import type { Rate } from './rate.ts';

export interface QuotaPolicy {
  /** Requests of one tenant, whichever service they are for; null: unlimited. */
  readonly rate: Rate | null;
  /** Requests and streams of one tenant that are open at once through the proxy; null: unlimited. */
  readonly maxConnections: number | null;
  /** At most one for each meter. */
  readonly quotas: readonly Quota[];
  /** What happens to a tenant over a quota: its requests are refused, or there is only an event. */
  readonly overQuota: 'refuse' | 'warn';
  /** How long a tenant over a quota is still served. */
  readonly graceMs: number;
}

export const NO_POLICY: QuotaPolicy = {
  rate: null,
  maxConnections: null,
  quotas: [],
  overQuota: 'refuse',
  graceMs: 0,
};

/** Whether the policy bounds anything. */
export function isBounding({ rate, maxConnections, quotas }: QuotaPolicy): boolean {
  return rate !== null || maxConnections !== null || quotas.length > 0;
}

interface Bounded {
  readonly policy: QuotaPolicy | null;
}

/**
 * Whether a plan needs each request of its tenants to pass the proxy: a rate, and quotas of requests and egress, count
 * what the proxy forwards.
 */
export function planNeedsProxy(plan: Bounded): boolean {
  return proxyKeyOf(plan) !== null;
}

/** Returns the first key of a plan for which it needs the proxy, as in tenement.toml; null: it does not. */
export function proxyKeyOf({ policy }: Bounded): string | null {
  if (policy === null) return null;
  if (policy.rate !== null) return 'rate';
  const quota = policy.quotas.find(({ meter }) => meter === 'requests' || meter === 'egress');
  return quota === undefined ? null : `quota.${quota.meter}`;
}
