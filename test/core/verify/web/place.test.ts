/** Where a probe sends a tenant's requests. */
import { describe, expect, it } from 'vitest';
import { type OnMismatch, parseTenantSource, type TenantSource } from '../../../../src/core/identity/tenant-source.ts';
import { type Addresses, type Place, placeAt, placeOf } from '../../../../src/core/verify/web/place.ts';

function place(sources: readonly string[], more: Partial<Addresses> = {}, onMismatch: OnMismatch = 'refuse') {
  const parsed = sources.map(parseTenantSource).filter((one): one is TenantSource => typeof one !== 'string');
  const addresses = {
    ...{ tenantId: 'acme', tenantFrom: { sources: parsed, onMismatch } },
    ...{ ownHost: 'acme.localhost', commonHost: 'localhost', trustedAddress: null, proxiedSocket: null },
    ...more,
  };
  return placeOf(addresses, 8080);
}

const TRUSTED = { trustedAddress: '127.0.0.2' };

describe('placeOf', () => {
  it('is the host, the path or the header that names the tenant', () => {
    expect(place(['host'])).toMatchObject({ kind: 'host', host: 'acme.localhost:8080', prefix: '' });
    expect(place(['path:/t/{tenant}'])).toMatchObject({ kind: 'path', host: 'localhost:8080', prefix: '/t/acme' });
    expect(place(['header:X-Org'], TRUSTED)).toMatchObject({
      ...{ kind: 'header', host: 'localhost:8080', header: ['x-org', 'acme'], localAddress: '127.0.0.2' },
    });
  });

  it('has the port that clients name, and none where they need not', () => {
    const plain = place(['host']) as Place;
    expect(placeAt(plain, 'https', 8443)).toMatchObject({ scheme: 'https', host: 'acme.localhost:8443' });
    expect(placeAt(plain, 'https', 443)).toMatchObject({ host: 'acme.localhost' });
    expect(placeAt(plain, 'http', 443)).toMatchObject({ host: 'acme.localhost:443' });
  });

  it('is a token only where nothing else leads to the tenant', () => {
    expect(place(['jwt:tenant_id', 'path:/t/{tenant}'])).toMatchObject({ kind: 'path' });
    expect(place(['jwt:tenant_id', 'header:X-Org'])).toMatchObject({ kind: 'jwt', host: 'localhost:8080' });
  });

  it('is the first source where the first source decides alone', () => {
    expect(place(['jwt:tenant_id', 'path:/t/{tenant}'], {}, 'first')).toMatchObject({ kind: 'jwt' });
    expect(place(['header:X-Org', 'host'], {}, 'warn')).toMatchObject({ kind: 'host' });
  });

  it('is nowhere, with the reason, where the proxy believes nothing that comes from this machine', () => {
    expect(place(['header:X-Org'])).toMatch(
      /tenant_from is header:x-org, .* only from trusted_proxies; .*127\.0\.0\.2/,
    );
  });

  it('is the public socket, where tenement serves it and nothing else leads to the tenant', () => {
    const proxiedSocket = '/run/tenement/api-acme.sock';
    expect(place(['header:X-Org'], { proxiedSocket })).toMatchObject({ kind: 'socket', socketPath: proxiedSocket });
  });
});
