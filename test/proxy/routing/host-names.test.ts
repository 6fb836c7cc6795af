import { expect, test } from 'vitest';
import { namedBy } from '../../../src/proxy/routing/host-names.ts';
import { TABLE } from '../support.ts';

test('a host names the same again, and something else in another table', () => {
  expect(namedBy('acme.localhost', TABLE)).toEqual(['web:acme']);
  expect(namedBy('acme.localhost', TABLE)).toBe(namedBy('acme.localhost', TABLE));
  expect(namedBy('acme.localhost', { ...TABLE, defaultService: 'api' })).toEqual(['api:acme']);
  expect(namedBy('a b', TABLE)).toBeNull();
});

test('very many different hosts are not all kept', () => {
  const first = namedBy('t0.localhost', TABLE);
  for (let index = 0; index < 20_001; index += 1) namedBy(`t${index}.localhost`, TABLE);
  expect(namedBy('t0.localhost', TABLE)).not.toBe(first);
  expect(namedBy('t0.localhost', TABLE)).toEqual(first);
});
