import { describe, expect, it } from 'vitest';
import { DomainRoutes } from '../../../src/core/domains/domain-routes.ts';
import { RoutingIndex } from '../../../src/core/routing/routing-index.ts';
import { tableOf } from './support.ts';

const NAMES = { domains: ['example.com'], defaultService: 'api', services: ['api', 'web'], aliases: {} };

function made(domains: readonly string[] = NAMES.domains) {
  const routes = new DomainRoutes();
  return { routes, index: new RoutingIndex(tableOf({ ...NAMES, domains }), routes) };
}

describe("a domain of a tenant's own", () => {
  it('leads to its instance, whatever the case, the port and a trailing dot', () => {
    const { routes, index } = made();
    void routes.change([['shop.acme.org', 'web:acme']]);
    for (const host of ['shop.acme.org', 'SHOP.Acme.Org', 'shop.acme.org:8080', 'shop.acme.org.'])
      expect(index.named(host)).toEqual(['web:acme']);
    for (const host of ['acme.org', 'x.shop.acme.org', 'shop.acme.org.uk', 'constructor'])
      expect(index.named(host)).toEqual([]);
  });

  it('is followed at once when it is added, changed and removed, also for a header that was seen before', () => {
    const { routes, index } = made();
    expect(index.named('shop.acme.org')).toEqual([]);
    void routes.change([['shop.acme.org', 'api:acme']]);
    expect(index.named('shop.acme.org')).toEqual(['api:acme']);
    void routes.change([['shop.acme.org', 'api:globex']]);
    expect(index.named('shop.acme.org')).toEqual(['api:globex']);
    void routes.change([['shop.acme.org', null]]);
    expect(index.named('shop.acme.org')).toEqual([]);
  });

  it('comes before the leading label with the domain *', () => {
    const { routes, index } = made(['*']);
    void routes.change([['shop.acme.org', 'api:acme']]);
    expect(index.candidates('shop.acme.org')).toEqual(['api:acme', 'api:shop']);
    expect(index.candidates('shop.other.org')).toEqual(['api:shop']);
  });

  it('comes after a tenant when its name has become one of our own', () => {
    const { routes, index } = made();
    void routes.change([['shop.example.com', 'api:acme']]);
    expect(index.candidates('shop.example.com')).toEqual(['api:shop', 'api:acme']);
    void routes.change([['example.com', 'api:acme']]);
    expect(index.candidates('example.com')).toEqual(['api:acme']);
  });
});
