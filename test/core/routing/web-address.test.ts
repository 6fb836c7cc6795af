import { expect, it } from 'vitest';
import { webAddressOf } from '../../../src/core/routing/web-address.ts';

const PROXY = { domains: ['*', 'example.com', 'example.org'], defaultService: 'web' };

it('names the tenant below the first domain, with its service unless that is the default', () => {
  expect(webAddressOf(PROXY, 80, 'web', 'acme')).toEqual({ host: 'acme.example.com', url: 'http://acme.example.com' });
  expect(webAddressOf(PROXY, 8080, 'api', 'acme')).toEqual({
    host: 'acme.api.example.com',
    url: 'http://acme.api.example.com:8080',
  });
});

it('has no URL while the port is not known, or where any domain is served', () => {
  expect(webAddressOf(PROXY, 0, 'web', 'acme').url).toBeNull();
  expect(webAddressOf({ ...PROXY, domains: ['*'] }, 80, 'web', 'acme')).toEqual({ host: 'acme.localhost', url: null });
});
