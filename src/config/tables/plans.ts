/** Builds a plan from its table: times in milliseconds, sizes in bytes. */
import { MIB } from '../../core/limits/limit-table.ts';
import { configuredLimits, type OwnLimits } from '../../core/limits/limits.ts';
import { parseDuration } from '../../core/limits/units.ts';
import type { Bounds, Plan } from '../../core/plans/plan.ts';
import { parseQuota, QUOTA_METERS } from '../../core/quota/quota.ts';
import { isBounding, type QuotaPolicy } from '../../core/quota/quota-policy.ts';
import { parseRate } from '../../core/quota/rate.ts';
import type { PlanInput } from '../schema/plan.ts';

export function planOf(name: string, input: PlanInput): Plan {
  return {
    name,
    limits: present(configuredLimits(input)) as OwnLimits,
    bounds: boundsOf(input),
    maxInstances: input.max_instances ?? null,
    policy: policyOf(input),
    features: input.features,
    counters: countersOf(input),
    env: Object.fromEntries(Object.entries(input.env).map(([key, value]) => [key, String(value)])),
  };
}

function countersOf({ counters }: PlanInput): Plan['counters'] {
  return Object.fromEntries(
    Object.entries(counters).map(([name, limit]) => [name, limit === 'unlimited' ? null : limit]),
  );
}

function boundsOf(input: PlanInput): Bounds {
  return present({
    idleTimeoutMs: duration(input.idle_timeout),
    suspendTimeoutMs: duration(input.suspend_timeout),
    requestTimeoutMs: duration(input.request_timeout),
    wakeQueue: input.wake_queue ?? null,
    tmpLimitBytes: bytes(input.tmp_limit_mb),
    logLimitBytes: bytes(input.log_limit_mb),
  });
}

function policyOf(input: PlanInput): QuotaPolicy | null {
  const policy: QuotaPolicy = {
    rate: input.rate === undefined ? null : parsed(parseRate(input.rate)),
    maxConnections: input.max_connections ?? null,
    quotas: QUOTA_METERS.flatMap((meter) => {
      const text = input.quota[meter];
      return text === undefined ? [] : [parsed(parseQuota(meter, text))];
    }),
    overQuota: input.over_quota,
    graceMs: parseDuration(input.quota_grace),
  };
  return isBounding(policy) ? policy : null;
}

/** The schema has rejected other texts. */
function parsed<Value extends object>(value: Value | string): Value {
  if (typeof value === 'string') throw new RangeError(value);
  return value;
}

function duration(value: string | number | undefined): number | null {
  return value === undefined ? null : parseDuration(value);
}

function bytes(mib: number | undefined): number | null {
  return mib === undefined ? null : mib * MIB;
}

/** Leaves out what is null. */
function present<Key extends string>(values: Readonly<Record<Key, number | null>>): { [Name in Key]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as { [Name in Key]?: number };
}
