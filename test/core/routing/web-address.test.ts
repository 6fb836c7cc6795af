import { expect, it } from 'vitest';
import { urlAt, webAddressOf } from '../../../src/core/routing/web-address.ts';

const proxy = { domains: ['*', 'example.com', 'example.org'], defaultService: 'web' };
const HOST = { sources: [{ kind: 'host' }] } as const;
const BY_HOST = { proxy, tenantFrom: HOST };
const at = (port: number) => (host: string) => urlAt(host, 'http', port);

it('names the tenant below the first domain, with its service unless that is the default', () => {
  expect(webAddressOf(BY_HOST, at(80), 'web', 'acme')).toEqual({
    host: 'acme.example.com',
    url: 'http://acme.example.com',
  });
  expect(webAddressOf(BY_HOST, at(8080), 'api', 'acme')).toEqual({
    host: 'acme.api.example.com',
    url: 'http://acme.api.example.com:8080',
  });
});

it('has no URL while the port is not known, or where any domain is served', () => {
  expect(webAddressOf(BY_HOST, at(0), 'web', 'acme').url).toBeNull();
  expect(webAddressOf({ ...BY_HOST, proxy: { ...proxy, domains: ['*'] } }, at(80), 'web', 'acme')).toEqual({
    host: 'acme.localhost',
    url: null,
  });
});

it('has the tenant in the path of its URL when the host does not name it, or no URL', () => {
  const path = { kind: 'path', prefix: '/t/' } as const;
  const byPath = { proxy, tenantFrom: { sources: [{ kind: 'header', name: 'x-org' } as const, path] } };
  expect(webAddressOf(byPath, at(80), 'web', 'acme').url).toBe('http://example.com/t/acme/');
  expect(webAddressOf(byPath, at(81), 'api', 'acme').url).toBe('http://api.example.com:81/t/acme/');
  const byToken = { proxy, tenantFrom: { sources: [{ kind: 'jwt', claims: ['org'] } as const] } };
  expect(webAddressOf(byToken, at(80), 'web', 'acme').url).toBeNull();
  expect(webAddressOf({ proxy, tenantFrom: { sources: [path, ...HOST.sources] } }, at(80), 'web', 'acme').url).toBe(
    'http://acme.example.com',
  );
});
