import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TenantOverrides } from '../../../src/core/lifecycle/instance.ts';
import { LIMIT_NAMES, LIMITS } from '../../../src/core/limits/limit-table.ts';
import { effectiveService } from '../../../src/core/service/effective-service.ts';
import { SERVICE } from '../../supervisor/fakes.ts';

const NOTHING: TenantOverrides = { env: {}, limits: {} };

test('without anything of its own an instance has what its service says', () => {
  expect(effectiveService(SERVICE, NOTHING)).toEqual({ ...SERVICE, ownEnv: {} });
});

test.each(LIMIT_NAMES)('its own %s holds in the place of its service’s, greater or smaller', (name) => {
  const { field } = LIMITS[name];
  const service = { ...SERVICE, [field]: 100 };
  for (const own of [1, 100_000]) {
    const effective = effectiveService(service, { env: {}, limits: { [field]: own } });
    expect(effective).toEqual({ ...service, [field]: own, ownEnv: {} });
  }
  expect(effectiveService(SERVICE, { env: {}, limits: { [field]: 7 } })[field]).toBe(7);
});

test('its own variables are literal, and take the place of templates of the same name', () => {
  const service = { ...SERVICE, env: { A: '{id}', B: '{host}' } };
  expect(effectiveService(service, { env: { B: '{}', C: 'c' }, limits: {} })).toEqual({
    ...service,
    env: { A: '{id}' },
    ownEnv: { B: '{}', C: 'c' },
  });
});

test('each variable has one value, the tenant’s if it has one', () => {
  const env = fc.dictionary(fc.constantFrom('A', 'B', 'C', '__proto__'), fc.string());
  fc.assert(
    fc.property(env, env, (ofService, own) => {
      const effective = effectiveService({ ...SERVICE, env: ofService }, { env: own, limits: {} });
      const names = [...Object.keys(effective.env), ...Object.keys(effective.ownEnv)];
      expect(names.toSorted()).toEqual([...new Set([...Object.keys(ofService), ...Object.keys(own)])].toSorted());
      expect(effective.ownEnv).toEqual(own);
    }),
  );
});
