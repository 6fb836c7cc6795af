import { expect, it } from 'vitest';
import { rateLimitFields, type ServiceLimit } from '../../../src/core/quota/rate-limit-fields.ts';

const REQUESTS: ServiceLimit = {
  name: 'requests',
  quota: 100,
  unit: null,
  windowMs: 3_600_000,
  burst: null,
  remaining: 0,
  resetMs: 90_001,
};

it('limits are told as lists of structured fields, in whole units and seconds', () => {
  const rate = { ...REQUESTS, name: 'rate', quota: 20, windowMs: 1000, burst: 40, remaining: 0.9, resetMs: 5 };
  const connections = { ...REQUESTS, name: 'connections', unit: 'concurrent-requests', windowMs: null, resetMs: null };
  expect(rateLimitFields([rate, connections, REQUESTS])).toEqual({
    policy: '"rate";q=20;w=1;tenement-burst=40, "connections";q=100;qu="concurrent-requests", "requests";q=100;w=3600',
    limit: '"rate";r=0;t=1, "connections";r=0, "requests";r=0;t=91',
  });
});

it('what is left is never told below nothing', () => {
  expect(rateLimitFields([{ ...REQUESTS, remaining: -3 }]).limit).toBe('"requests";r=0;t=91');
});
