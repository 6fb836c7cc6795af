/**
 * The response fields RateLimit-Policy and RateLimit, which tell a client the limits and what is left of them
 * (draft-ietf-httpapi-ratelimit-headers-11). Pure.
 */

/** Values of both fields, in the same order. */
export interface RateLimitFields {
  readonly policy: string;
  readonly limit: string;
}

/** One limit, and where a client stands towards it. Fractions are rounded to the safe side. */
export interface ServiceLimit {
  readonly name: string;
  /** How many units there are in each window. */
  readonly quota: number;
  /** null: requests, the default of the field. */
  readonly unit: string | null;
  /** Length of the window; null: the limit has none. */
  readonly windowMs: number | null;
  /** How many units may come at once; null: the whole quota. */
  readonly burst: number | null;
  readonly remaining: number;
  /** Time until more units are available; null: unknown. */
  readonly resetMs: number | null;
}

export function rateLimitFields(limits: readonly ServiceLimit[]): RateLimitFields {
  return { policy: limits.map(policyOf).join(', '), limit: limits.map(limitOf).join(', ') };
}

/** Returns ms as whole seconds, rounded up. */
export function secondsOf(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000));
}

function policyOf({ name, quota, unit, windowMs, burst }: ServiceLimit): string {
  return [
    `"${name}";q=${Math.floor(quota)}`,
    ...(unit === null ? [] : [`qu="${unit}"`]),
    ...(windowMs === null ? [] : [`w=${Math.max(1, secondsOf(windowMs))}`]),
    ...(burst === null ? [] : [`tenement-burst=${burst}`]),
  ].join(';');
}

function limitOf({ name, remaining, resetMs }: ServiceLimit): string {
  const left = Math.max(0, Math.floor(remaining));
  return resetMs === null ? `"${name}";r=${left}` : `"${name}";r=${left};t=${secondsOf(resetMs)}`;
}
