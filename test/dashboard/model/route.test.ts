import { expect, it } from 'vitest';
import { parseRoute, tenantPath, withQuery } from '../../../src/dashboard/model/route.ts';

it.each([
  ['', { name: 'overview' }],
  ['#/', { name: 'overview' }],
  ['#/instances?state=failed', { name: 'instances' }],
  ['#/tenants', { name: 'tenants' }],
  ['#/tenants/acme', { name: 'tenant', tenant: 'acme', tab: 'summary' }],
  ['#/tenants/acme/logs?q=a%3Fb', { name: 'tenant', tenant: 'acme', tab: 'logs' }],
  ['#/tenants/%E0%A4%A/logs', { name: 'tenant', tenant: '%E0%A4%A', tab: 'logs' }],
  ['#/tenants/acme/nothing', { name: 'unknown' }],
  ['#/nothing', { name: 'unknown' }],
  ['#/host/more', { name: 'unknown' }],
])('reads %s', (hash, screen) => {
  expect(parseRoute(hash).screen).toEqual(screen);
});

it('reads the query', () => {
  expect(parseRoute('#/tenants/acme/logs?q=a%3Fb').query.get('q')).toBe('a?b');
});

it('writes what it reads', () => {
  expect(tenantPath('acme')).toBe('#/tenants/acme');
  expect(tenantPath('a/b', 'logs', { instance: 'api:acme' })).toBe('#/tenants/a%2Fb/logs?instance=api%3Aacme');
  expect(withQuery('#/events', { q: '', type: 'crashed' })).toBe('#/events?type=crashed');
});
