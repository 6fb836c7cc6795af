import { describe, expect, it } from 'vitest';
import type { Quota } from '../../../src/core/quota/quota.ts';
import { NO_POLICY, planNeedsProxy, type QuotaPolicy } from '../../../src/core/quota/quota-policy.ts';

const quota = (meter: Quota['meter']): Quota => ({ meter, limit: 1, period: 'month' });

describe('a plan', () => {
  it.each<[string, QuotaPolicy]>([
    ['a rate', { ...NO_POLICY, rate: { requests: 1, perS: 1, burst: 1 } }],
    ['a quota of requests', { ...NO_POLICY, quotas: [quota('cpu'), quota('requests')] }],
    ['a quota of egress', { ...NO_POLICY, quotas: [quota('egress')] }],
  ])('with %s needs the proxy for all requests', (_with, policy) => {
    expect(planNeedsProxy({ policy })).toBe(true);
  });

  it.each<[string, QuotaPolicy | null]>([
    ['quotas of processor and waking time', { ...NO_POLICY, quotas: [quota('cpu'), quota('awake')] }],
    ['a limit of connections through the proxy', { ...NO_POLICY, maxConnections: 1 }],
    ['nothing of all that', null],
  ])('with %s does not need the proxy', (_with, policy) => {
    expect(planNeedsProxy({ policy })).toBe(false);
  });
});
