import { expect, it } from 'vitest';
import type { TenantSource } from '../../../src/core/identity/tenant-source.ts';
import { type ProxySettings, ProxySettingsPublisher } from '../../../src/core/routing/proxy-settings.ts';
import { sharedHosts } from '../../../src/core/routing/shared-hosts.ts';

function settings(...sources: TenantSource[]): ProxySettings {
  const suffixes = [
    ['example.com', ['api']],
    ['web.example.com', ['web']],
  ] as const;
  const routing = { version: 1, suffixes, anyDomain: null, aliases: [] };
  const identity =
    sources.length === 0 ? null : { sources, onMismatch: 'refuse' as const, defaultService: 'api', tokens: null };
  return { routing, trustedProxies: [], identity, tls: null };
}

const HOSTS = ['acme.example.com', 'example.com', 'WEB.example.com:443', 'nobody.example.com', 'other.net', 'com', ''];

function known(published: ProxySettings): string[] {
  return HOSTS.filter(sharedHosts(new ProxySettingsPublisher(published)));
}

it('knows none when the host alone names the tenant', () => {
  expect(known(settings())).toEqual([]);
});

it('knows the hosts under which something else than the host may name the tenant', () => {
  const all = ['example.com', 'WEB.example.com:443'];
  expect(known(settings({ kind: 'host' }, { kind: 'path', prefix: '/t/' }))).toEqual(all);
  expect(known(settings({ kind: 'jwt', claims: ['tenant_id'] }))).toEqual(all);
});

it('follows a change of the sources', () => {
  const publisher = new ProxySettingsPublisher(settings());
  const isShared = sharedHosts(publisher);
  expect(isShared('example.com')).toBe(false);
  publisher.publish(settings({ kind: 'path', prefix: '/t/' }));
  expect(isShared('example.com')).toBe(true);
});
