import { expect, it } from 'vitest';
import { parseInstanceName } from '../../../src/core/lifecycle/instance.ts';

it('an instance is SERVICE:ID', () => {
  expect(parseInstanceName('api:acme')).toEqual({ service: 'api', tenantId: 'acme' });
  for (const bad of ['api', ':acme', 'api:', 'api:..', 'API:acme']) expect(() => parseInstanceName(bad)).toThrow();
});
