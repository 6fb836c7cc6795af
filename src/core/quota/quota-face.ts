/** The quotas of tenants as everything outside of the supervisor sees them. */
import type { ErrorCode } from '../../errors.ts';
import type { Period } from './period.ts';
import type { QuotaMeter } from './quota.ts';

/** How much of a quota a tenant has used in the current period. */
export interface QuotaView {
  readonly meter: QuotaMeter;
  /** Requests, seconds or bytes. */
  readonly used: number;
  readonly limit: number;
  readonly period: Period;
  /** When the next period begins, ms since the epoch. */
  readonly resetsAtMs: number;
}

/** The same in JSON. */
export type QuotaJson = Omit<QuotaView, 'resetsAtMs'> & {
  /** ISO 8601. */
  readonly resetsAt: string;
};

export function quotaJson({ resetsAtMs, ...view }: QuotaView): QuotaJson {
  return { ...view, resetsAt: new Date(resetsAtMs).toISOString() };
}

/** Requests of a tenant that were refused with a code, since the start of the server. */
export interface RefusedRequests {
  readonly tenantId: string;
  readonly code: ErrorCode;
  readonly requests: number;
}

export interface QuotaFace {
  quotasOf(tenantId: string): QuotaView[];
  /** Whether the tenant's requests are refused until a period of a quota ends, or its plan changes. */
  isOverQuota(tenantId: string): boolean;
  /** Lists the tenants with a plan that bounds requests and a request since the start of the server. */
  metered(): Iterable<string>;
  refusedRequests(): Iterable<RefusedRequests>;
}
