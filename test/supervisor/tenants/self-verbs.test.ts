import { expect, test } from 'vitest';
import { NO_POLICY } from '../../../src/core/quota/quota-policy.ts';
import { METERS } from '../../../src/core/usage/meters.ts';
import { planNamed } from '../../plans.ts';
import { granted, here, ready, settle, world } from '../fakes.ts';

async function onPlan(change: Parameters<typeof planNamed>[1] = {}) {
  const made = world({ idleTimeoutMs: 1000, maxBusyMs: 60_000 });
  const plan = planNamed('free', change);
  made.supervisor.apply({
    ...made.config,
    plans: new Map([['free', plan]]),
    tenants: { ...made.config.tenants, defaultPlan: 'free' },
  });
  await ready(made);
  return made;
}

test('an instance sees its tenant, its plan and what the plan grants', async () => {
  const made = await onPlan({ features: ['sso'], counters: { users: 3 }, limits: { pidsLimit: 9 } });
  expect(made.supervisor.selfVerbs.self('api:acme')).toMatchObject({
    id: 'acme',
    service: 'api',
    plan: 'free',
    features: ['sso'],
    limits: { pidsLimit: 9 },
    counters: [{ name: 'users', value: 0, limit: 3 }],
    expiresAt: null,
  });
});

test('counters are the tenant’s, and end at the limit of its plan', async () => {
  const { supervisor } = await onPlan({ counters: { users: 2 } });
  const { selfVerbs } = supervisor;
  expect(selfVerbs.count('api:acme', 'users', 2)).toEqual({ name: 'users', value: 2, limit: 2 });
  expect(() => selfVerbs.count('api:acme', 'users', 1)).toThrow(expect.objectContaining({ code: 'quota_exceeded' }));
  expect(selfVerbs.count('api:acme', 'users', -1).value).toBe(1);
});

test('an instance that says it is busy stays awake for that time, and sleeps after it', async () => {
  const made = await onPlan();
  made.supervisor.selfVerbs.busy('api:acme', 10_000);
  await made.clock.advance(9_000);
  expect(made.supervisor.get('api:acme')).toMatchObject({
    state: 'ready',
    reason: 'awake: it asked to stay so for 1s',
  });
  await made.clock.advance(1_001);
  await settle();
  expect(made.supervisor.get('api:acme').state).toBe('asleep');
});

test('an instance is busy for no longer than max_busy', async () => {
  const made = await onPlan();
  const { until } = made.supervisor.selfVerbs.busy('api:acme', 3_600_000);
  expect(Date.parse(until) - made.clock.nowMs()).toBe(60_000);
});

test('an instance that is no longer busy sleeps after its idle timeout', async () => {
  const made = await onPlan();
  made.supervisor.selfVerbs.busy('api:acme', 30_000);
  made.supervisor.selfVerbs.busy('api:acme', 0);
  await made.clock.advance(1_001);
  await settle();
  expect(made.supervisor.get('api:acme').state).toBe('asleep');
});

test('an instance that is busy gives no place to another', async () => {
  const made = world({ idleTimeoutMs: 60_000, maxBusyMs: 60_000 }, { maxRunning: 1 });
  await ready(made);
  made.supervisor.selfVerbs.busy('api:acme', 30_000);
  await made.supervisor.spawn('api', 'globex', { start: false });
  void made.supervisor.start('api:globex', { wait: false });
  await settle();
  expect(made.supervisor.get('api:acme').state).toBe('ready');
});

test('an instance sees what its tenant used this month, and how much of its quotas', async () => {
  const quota = { meter: 'requests', limit: 10, period: 'month' } as const;
  const made = await onPlan({ policy: { ...NO_POLICY, quotas: [quota] } });
  const claim = await made.supervisor.claim('api:acme', here());
  granted(claim).release('answered');
  const { month, usage, quotas } = made.supervisor.selfVerbs.usage('api:acme');
  expect(month).toBe(new Date(made.clock.nowMs()).toISOString().slice(0, 7));
  expect(Object.keys(usage)).toEqual(Object.keys(METERS));
  expect(quotas).toEqual([{ ...quota, used: 1, resetsAt: expect.stringMatching(/^\d{4}-\d\d-01T00:00:00.000Z$/) }]);
});
