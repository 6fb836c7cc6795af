/** A plan: what its tenants may use, and what the application grants them. Pure. */
import type { OwnLimits } from '../limits/limits.ts';
import type { QuotaPolicy } from '../quota/quota-policy.ts';

/**
 * Keys of a service, beside its limits, that a plan may bound. The value says what 0 means: `unlimited` is the loosest
 * value, `none` the strictest.
 */
export const BOUNDS = {
  idleTimeoutMs: 'unlimited',
  suspendTimeoutMs: 'unlimited',
  requestTimeoutMs: 'unlimited',
  wakeQueue: 'none',
  tmpLimitBytes: 'none',
  logLimitBytes: 'none',
} as const;

export type BoundField = keyof typeof BOUNDS;
export type Bounds = { readonly [Field in BoundField]?: number };

export interface Plan {
  readonly name: string;
  readonly limits: OwnLimits;
  readonly bounds: Bounds;
  /** How many services a tenant may have; null: any number. */
  readonly maxInstances: number | null;
  /** What bounds the requests of its tenants; null: nothing. */
  readonly policy: QuotaPolicy | null;
  /** What the application grants: TENANT_FEATURES. */
  readonly features: readonly string[];
  /** How far the application may count: name of a counter → limit; null: unlimited. */
  readonly counters: Readonly<Record<string, number | null>>;
  /** Variables with templates, which override those of the service. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a tenant brings to each of its instances. */
export interface TenantTerms {
  /** null: it has no plan. */
  readonly plan: Plan | null;
  /** The tenant's own variables, which its instances may override. Their values are literal. */
  readonly env: Readonly<Record<string, string>>;
}

/** Terms of a tenant without a plan and variables. */
export const NO_TERMS: TenantTerms = { plan: null, env: {} };
