/** Certificates from a real authority. */
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { authorityProxy } from './authority-proxy.ts';
import { withoutPebble } from './pebble.ts';
import { configFor, serving, sharedAuthority } from './support.ts';

describe.skipIf(withoutPebble !== null)(`with an authority (${withoutPebble ?? 'pebble'})`, () => {
  const running = sharedAuthority();

  it('a known host gets a certificate when it is first asked for', async () => {
    const { pebble, table } = running();
    const { service, hosts, events, stateDir } = await serving(configFor(pebble), table);
    hosts.set('shop.acme.test', 'acme');
    await service.obtain('shop.acme.test');
    const shown = table.certificates.find('shop.acme.test');
    const leaf = new X509Certificate(shown?.chain ?? '');
    expect(leaf.subjectAltName).toBe('DNS:shop.acme.test');
    expect(events.map(({ type, tenant }) => [type, tenant])).toEqual([['certificate-issued', 'acme']]);
    expect(service.of('shop.acme.test')).toMatchObject({ state: 'issued', tenant: 'acme', lastError: null });
    expect(readdirSync(join(stateDir, 'acme', 'certificates'))).toEqual(['shop.acme.test.pem']);
    expect(readdirSync(join(stateDir, 'acme', 'orders'))).toEqual([]);
    for (const dir of ['acme', 'acme/certificates']) expect(statSync(join(stateDir, dir)).mode & 0o777).toBe(0o700);
    expect(statSync(join(stateDir, 'acme/certificates/shop.acme.test.pem')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(stateDir, 'acme/certificates/shop.acme.test.pem'), 'utf8')).toContain('PRIVATE KEY');
  });

  it('fifty handshakes for one name wait for one order', async () => {
    const { pebble, table } = running();
    const proxy = await authorityProxy(pebble);
    onTestFinished(() => proxy.close());
    const { service, hosts } = await serving(configFor(proxy), table);
    hosts.set('fifty.acme.test', 'acme');
    await Promise.all(Array.from({ length: 50 }, () => service.obtain('fifty.acme.test')));
    expect(table.certificates.find('fifty.acme.test')).not.toBeNull();
    expect(proxy.orders()).toBe(1);
  });

  it('a host that the proxy does not know, or that no authority certifies, is not ordered', async () => {
    const { pebble, table } = running();
    const proxy = await authorityProxy(pebble);
    onTestFinished(() => proxy.close());
    const { service, hosts } = await serving(configFor(proxy), table);
    const hostile = [
      '127.0.0.1',
      'localhost',
      'acme.localhost',
      'a_b.acme.test',
      '*.acme.test',
      `${'a'.repeat(300)}.test`,
    ];
    for (const host of hostile) hosts.set(host, 'acme');
    for (const host of [...hostile, 'stranger.acme.test', '', '.', 'acme..test']) await service.obtain(host);
    expect(proxy.asked).toEqual([]);
    expect(service.list()).toEqual([]);
  });

  it('a host that tenants share gets one, which is the server’s own', async () => {
    const { pebble, table } = running();
    const { service, hosts, again } = await serving(configFor(pebble), table);
    hosts.set('shared.acme.test', null);
    await service.obtain('shared.acme.test');
    expect(service.of('shared.acme.test')).toMatchObject({ state: 'issued', tenant: null });
    const next = await again();
    expect(next.service.list({ tenant: 'acme' })).toEqual([]);
    expect(next.service.of('shared.acme.test')).toMatchObject({ state: 'issued', tenant: null });
  });

  it('the certificates of a purged tenant go, also those that no service could remove then', async () => {
    const { pebble, table } = running();
    const { service, hosts, stateDir, again } = await serving(configFor(pebble), table);
    hosts.set('purged.acme.test', 'acme').set('left.acme.test', 'globex');
    await Promise.all([service.obtain('purged.acme.test'), service.obtain('left.acme.test')]);
    const removed = service.removeTenant('acme');
    const wanted = service.want('again.acme.test', 'acme');
    await Promise.all([removed, wanted]);
    const dir = join(stateDir, 'acme/certificates');
    expect(service.list().map(({ name }) => name)).toEqual(['again.acme.test', 'left.acme.test']);
    await service.unwant('again.acme.test');
    expect(readdirSync(dir)).toEqual(['left.acme.test.pem']);
    expect(table.certificates.find('purged.acme.test')).toBeNull();
    writeFileSync(join(dir, 'stranger.acme.test.pem'), 'the key of nobody');
    await again();
    expect(readdirSync(dir)).toEqual(['left.acme.test.pem']);
  });

  it('a profile is asked for, unless the authority has others alone', async () => {
    const { pebble, table } = running();
    const proxy = await authorityProxy(pebble);
    onTestFinished(() => proxy.close());
    proxy.inDirectory = { meta: { profiles: { classic: 'of 90 days', shortlived: 'of 6 days' } } };
    const { service, hosts, again } = await serving(configFor(proxy, { profile: 'shortlived' }), table);
    hosts.set('short.acme.test', 'acme').set('unknown.acme.test', 'acme');
    await service.obtain('short.acme.test');
    expect(service.of('short.acme.test')).toMatchObject({ state: 'issued' });
    expect(proxy.payloads).toEqual([expect.objectContaining({ profile: 'shortlived' })]);
    const next = await again({ config: configFor(proxy, { profile: 'shortlive' }) });
    await next.service.obtain('unknown.acme.test');
    expect(next.service.of('unknown.acme.test')).toMatchObject({
      state: 'failed',
      lastError: 'the CA has no profile "shortlive"; it has classic, shortlived',
    });
    expect(proxy.orders()).toBe(1);
  });

  it('a failed challenge is told in words, tried by another kind at once, and then left alone for a while', async () => {
    const { pebble, table } = running();
    const proxy = await authorityProxy(pebble);
    onTestFinished(() => proxy.close());
    const { service, hosts, events, again } = await serving(configFor(proxy), table);
    hosts.set('elsewhere.acme.test', 'acme');
    await pebble.setAddress('elsewhere.acme.test', '127.0.0.77');
    await service.obtain('elsewhere.acme.test');
    expect(proxy.orders()).toBe(2);
    const view = service.of('elsewhere.acme.test');
    expect(view).toMatchObject({ state: 'failed', expiresAt: null });
    expect(view?.lastError).toContain('the CA could not reach https://elsewhere.acme.test/ (acme-tls/1)');
    expect(view?.lastError).toContain('is port 443 open, and does elsewhere.acme.test lead to this server?');
    expect(Date.parse(view?.nextTryAt ?? '')).toBeGreaterThan(Date.now() + 200_000);
    expect(events.map(({ type }) => type)).toEqual(['certificate-failed']);
    await service.obtain('elsewhere.acme.test');
    const next = await again();
    await next.service.obtain('elsewhere.acme.test');
    expect(proxy.orders()).toBe(2);
    expect(next.service.of('elsewhere.acme.test')).toEqual(view);
  });

  it('a certificate and the account survive a restart', async () => {
    const { pebble, table } = running();
    const proxy = await authorityProxy(pebble);
    onTestFinished(() => proxy.close());
    const { service, hosts, again } = await serving(configFor(proxy), table);
    hosts.set('kept.acme.test', 'acme').set('later.acme.test', 'acme');
    await service.obtain('kept.acme.test');
    const before = table.certificates.find('kept.acme.test');
    await table.change([{ kind: 'certificate', slot: 'acme:kept.acme.test', certificate: null }]);
    const next = await again();
    expect(table.certificates.find('kept.acme.test')).toEqual(before);
    await next.service.obtain('later.acme.test');
    expect(proxy.asked.filter((path) => path === '/sign-me-up')).toHaveLength(1);
  });
});
