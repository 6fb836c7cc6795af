import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseInstanceName } from '../../../src/core/lifecycle/instance.ts';
import { normalizeHost } from '../../../src/core/routing/host.ts';
import { ALIASES, DEFAULT_SERVICE, REFUSALS, REGISTERED, ROUTED_HOSTS, SERVICES } from '../../fixtures/routed-hosts.ts';
import { indexOf, type Names } from './support.ts';

const NAMES: Names = {
  domains: ['example.com', 'localhost'],
  defaultService: 'api',
  services: ['api', 'web'],
  aliases: { shop: 'customer1' },
};
const INDEX = indexOf(NAMES);
const ANY = indexOf({ ...NAMES, domains: ['*'] });
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);

describe('hosts', () => {
  it.each([
    ['acme.example.com', ['api:acme']],
    ['acme.web.example.com', ['web:acme']],
    ['shop.example.com', ['api:shop', 'api:customer1']],
    ['acme.other.example.com', []],
    ['example.com', []],
    ['127.0.0.1', []],
    ['..example.com', []],
    [`${'a'.repeat(64)}.example.com`, []],
  ])('%s → %j', (host, expected) => {
    expect(INDEX.candidates(normalizeHost(host) ?? '')).toEqual(expected);
  });

  it('case, port and a trailing dot do not matter', () => {
    fc.assert(
      fc.property(label, fc.integer({ min: 1, max: 65_535 }), (tenant, port) => {
        const name = normalizeHost(`${tenant.toUpperCase()}.Example.COM.:${port}`) ?? '';
        expect(INDEX.candidates(name)[0]).toBe(`api:${tenant}`);
      }),
    );
  });

  it('a domain of * routes on the leading label of any host', () => {
    expect(ANY.candidates('acme.anything.org')).toEqual(['api:acme']);
    expect(ANY.candidates('acme.web.anything.org')).toEqual(['web:acme', 'api:acme']);
  });

  it('a domain listed beside * comes first', () => {
    const index = indexOf({ ...NAMES, domains: ['*', 'web.example.com'] });
    expect(index.candidates('acme.web.example.com')).toEqual(['api:acme', 'web:acme']);
  });

  it('a tenant of any service comes before an alias of its name', () => {
    expect(ANY.candidates('shop.web.anything.org')).toEqual(['web:shop', 'api:shop', 'web:customer1', 'api:customer1']);
  });

  it('any host yields an instance with a valid id, or none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const name of ANY.named(text) ?? []) expect(() => parseInstanceName(name)).not.toThrow();
      }),
    );
  });

  it.each(['/tmp/x', 'a b', 'a,b', '', 'a@b', 'a:b:c'])('%j is no host', (host) => {
    expect(INDEX.named(host)).toBeNull();
  });
});

describe.each(ROUTED_HOSTS)('a table that was sent as a message, with the domains $domains', ({ domains, hosts }) => {
  const index = indexOf({ domains, defaultService: DEFAULT_SERVICE, services: SERVICES, aliases: ALIASES });
  it.each(Object.entries(hosts))('%s → %s', (host, expected) => {
    const named = index.named(host);
    const found = named?.find((instance) => REGISTERED.includes(instance)) ?? null;
    expect(found ?? (named === null ? 'bad_host' : 'unknown_tenant')).toBe(expected);
    expect(REFUSALS.includes(expected) || REGISTERED.includes(expected)).toBe(true);
  });
});

test('a repeated header is looked up once, and again in another table', () => {
  expect(INDEX.named('acme.localhost')).toEqual(['api:acme']);
  expect(INDEX.named('acme.localhost')).toBe(INDEX.named('acme.localhost'));
  expect(indexOf({ ...NAMES, defaultService: 'web' }).named('acme.localhost')).toEqual(['web:acme']);
});

test('very many different hosts are not all remembered', () => {
  const first = INDEX.named('t0.localhost');
  for (let index = 0; index < 20_001; index += 1) INDEX.named(`t${index}.localhost`);
  expect(INDEX.named('t0.localhost')).not.toBe(first);
  expect(INDEX.named('t0.localhost')).toEqual(first);
});
