/** Refusals of requests over a rate or a quota, with what their clients are told. Pure. */
import type { Refusal } from '../admission/serving.ts';
import type { TokenBucket } from '../admission/token-bucket.ts';
import type { QuotaPeriod } from './quota-period.ts';
import type { QuotaPolicy } from './quota-policy.ts';
import { rateLimitFields, type ServiceLimit, secondsOf } from './rate-limit-fields.ts';

/** What counts towards the limits of a policy. */
export interface Counts {
  readonly policy: QuotaPolicy;
  readonly bucket: TokenBucket | null;
  readonly quotas: readonly { readonly period: QuotaPeriod; readonly count: number }[];
  /** Open requests and streams. */
  readonly open: number;
  readonly nowMs: number;
  readonly steadyMs: number;
}

/** Nothing may be forwarded that could not be counted after a crash. */
export const UNCOUNTED: Refusal = { refused: 'state_failed', retryAfterS: 1 };

/** How long a worker may refuse requests over a quota by itself: the fields that it repeats become stale. */
const MAX_HOLD_MS = 1000;
/** Seconds after which a client may try again that has too many requests open. */
const SOON_S = 1;

const UNITS = { requests: null, cpu: 'seconds', awake: 'seconds', egress: 'content-bytes' } as const;

export function overQuota({ span }: QuotaPeriod, counts: Counts): Refusal {
  const leftMs = span.endMs - counts.nowMs;
  return {
    refused: 'quota_exceeded',
    retryAfterS: secondsOf(leftMs),
    rateLimit: fieldsOf(counts),
    holdsForMs: Math.min(leftMs, MAX_HOLD_MS),
  };
}

export function tooMany(counts: Counts): Refusal {
  return { refused: 'rate_limited', retryAfterS: SOON_S, rateLimit: fieldsOf(counts) };
}

export function tooFast(bucket: TokenBucket, counts: Counts): Refusal {
  const waitMs = bucket.wait(1, counts.steadyMs);
  return {
    refused: 'rate_limited',
    retryAfterS: Math.max(1, secondsOf(waitMs)),
    rateLimit: fieldsOf(counts),
    holdsForMs: waitMs,
  };
}

function fieldsOf(counts: Counts) {
  return rateLimitFields([...rateOf(counts), ...connectionsOf(counts), ...quotasOf(counts)]);
}

function rateOf({ policy: { rate }, bucket, steadyMs }: Counts): ServiceLimit[] {
  if (rate === null || bucket === null) return [];
  const remaining = bucket.available(steadyMs);
  return [
    {
      name: 'rate',
      quota: rate.requests,
      unit: null,
      windowMs: rate.perS * 1000,
      burst: rate.burst === rate.requests ? null : rate.burst,
      remaining,
      resetMs: remaining >= 1 ? null : bucket.wait(1, steadyMs),
    },
  ];
}

function connectionsOf({ policy: { maxConnections }, open }: Counts): ServiceLimit[] {
  if (maxConnections === null) return [];
  const remaining = maxConnections - open;
  return [
    {
      name: 'connections',
      quota: maxConnections,
      unit: 'concurrent-requests',
      windowMs: null,
      burst: null,
      remaining,
      resetMs: null,
    },
  ];
}

function quotasOf({ quotas, nowMs }: Counts): ServiceLimit[] {
  return quotas.map(({ period: { quota, span }, count }) => ({
    name: quota.meter,
    quota: quota.limit,
    unit: UNITS[quota.meter],
    windowMs: span.endMs - span.startMs,
    burst: null,
    remaining: quota.limit - count,
    resetMs: span.endMs - nowMs,
  }));
}
