import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InstanceOverrides } from '../../../src/core/lifecycle/instance.ts';
import { LIMIT_NAMES, LIMITS } from '../../../src/core/limits/limit-table.ts';
import { NO_TERMS, type Plan, type TenantTerms } from '../../../src/core/plans/plan.ts';
import { effectiveService } from '../../../src/core/service/effective-service.ts';
import { planNamed } from '../../plans.ts';
import { SERVICE } from '../../supervisor/fakes.ts';

const NOTHING: InstanceOverrides = { env: {}, limits: {} };
function on(plan: Partial<Plan>, env: Record<string, string> = {}): TenantTerms {
  return { plan: planNamed('pro', plan), env };
}

test('an instance without a plan and overrides has the settings of its service', () => {
  expect(effectiveService(SERVICE, NO_TERMS, NOTHING)).toEqual({ ...SERVICE, ownEnv: {}, plan: null });
});

test.each(LIMIT_NAMES)("an instance's own %s replaces its service's and its plan's, greater or smaller", (name) => {
  const { field } = LIMITS[name];
  const service = { ...SERVICE, [field]: 100 };
  for (const own of [1, 100_000]) {
    const limits = { [field]: own };
    expect(effectiveService(service, on({ limits: { [field]: 50 } }), { env: {}, limits })[field]).toBe(own);
    expect(effectiveService(service, NO_TERMS, { env: {}, limits })[field]).toBe(own);
  }
  expect(effectiveService(SERVICE, NO_TERMS, { env: {}, limits: { [field]: 7 } })[field]).toBe(7);
});

test.each(LIMIT_NAMES)('the stricter %s of service and plan holds', (name) => {
  const { field } = LIMITS[name];
  const merged = (ofService: number | null, ofPlan: number | undefined) => {
    const limits = ofPlan === undefined ? {} : { [field]: ofPlan };
    return effectiveService({ ...SERVICE, [field]: ofService }, on({ limits }), NOTHING)[field];
  };
  expect([merged(100, 50), merged(50, 100), merged(100, undefined), merged(null, 50), merged(null, undefined)]).toEqual(
    [50, 50, 100, 50, null],
  );
});

test('a plan bounds the time-outs of a service', () => {
  const service = { ...SERVICE, idleTimeoutMs: 0 };
  expect(effectiveService(service, on({ bounds: { idleTimeoutMs: 60_000 } }), NOTHING).idleTimeoutMs).toBe(60_000);
});

test('a process is told its plan and what the plan grants', () => {
  expect(effectiveService(SERVICE, on({ features: ['sso'] }), NOTHING).plan).toEqual({
    name: 'pro',
    features: ['sso'],
  });
});

test('a variable of the plan overrides the service’s, the tenant’s overrides both, the instance’s overrides all', () => {
  const service = { ...SERVICE, env: { A: 's', B: 's', C: 's', D: 's' } };
  const terms = on({ env: { B: '{plan}', C: 'p', D: 'p' } }, { C: '{t}', D: 't' });
  expect(effectiveService(service, terms, { env: { D: 'i' }, limits: {} })).toMatchObject({
    env: { A: 's', B: '{plan}' },
    ownEnv: { C: '{t}', D: 'i' },
  });
});

test("an instance's own variables are literal, and replace templates of the same name", () => {
  const service = { ...SERVICE, env: { A: '{id}', B: '{host}' } };
  expect(effectiveService(service, NO_TERMS, { env: { B: '{}', C: 'c' }, limits: {} })).toEqual({
    ...service,
    env: { A: '{id}' },
    ownEnv: { B: '{}', C: 'c' },
    plan: null,
  });
});

test('each variable has one value, the instance’s if it has one', () => {
  const env = fc.dictionary(fc.constantFrom('A', 'B', 'C', '__proto__'), fc.string());
  fc.assert(
    fc.property(env, env, (ofService, own) => {
      const effective = effectiveService({ ...SERVICE, env: ofService }, NO_TERMS, { env: own, limits: {} });
      const names = [...Object.keys(effective.env), ...Object.keys(effective.ownEnv)];
      expect(names.toSorted()).toEqual([...new Set([...Object.keys(ofService), ...Object.keys(own)])].toSorted());
      expect(effective.ownEnv).toEqual(own);
    }),
  );
});
