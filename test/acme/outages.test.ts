import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLI } from '../../src/core/access/actor.ts';
import { authorityProxy, problem } from './authority-proxy.ts';
import { Pebble, withoutPebble } from './pebble.ts';
import { configFor, serving, sharedAuthority, temporaryState } from './support.ts';

describe.skipIf(withoutPebble !== null)(`with an authority (${withoutPebble ?? 'pebble'})`, () => {
  const running = sharedAuthority();

  it('an authority that has forgotten the account and every order gets new ones', async () => {
    const { table, httpPort, tlsPort } = running();
    const pebble = await Pebble.start({ httpPort, tlsPort });
    onTestFinished(() => pebble.stop());
    const { service, hosts } = await serving(configFor(pebble), table);
    hosts.set('one.acme.test', 'acme').set('two.acme.test', 'acme');
    await service.obtain('one.acme.test');
    await pebble.restart();
    await service.obtain('two.acme.test');
    expect(service.of('two.acme.test')).toMatchObject({ state: 'issued' });
  });

  it('half of all nonces refused delay an order and nothing more', async () => {
    const { table, httpPort, tlsPort } = running();
    const pebble = await Pebble.start({ httpPort, tlsPort, env: { PEBBLE_WFE_NONCEREJECT: '50' } });
    onTestFinished(() => pebble.stop());
    const { service, hosts } = await serving(configFor(pebble), table);
    hosts.set('nonce.acme.test', 'acme');
    await service.obtain('nonce.acme.test');
    expect(service.of('nonce.acme.test')).toMatchObject({ state: 'issued', lastError: null });
  });

  it('while the authority has an error, nothing is ordered, and what was begun goes on later', async () => {
    const { pebble, table } = running();
    const proxy = await authorityProxy(pebble);
    onTestFinished(() => proxy.close());
    let isDown = true;
    proxy.intercept = (path) => (isDown && path.startsWith('/finalize-order') ? { status: 500, body: 'sorry' } : null);
    const { service, hosts, stateDir } = await serving(configFor(proxy), table);
    hosts.set('down.acme.test', 'acme').set('other.acme.test', 'globex');
    await service.obtain('down.acme.test');
    expect(service.of('down.acme.test')?.lastError).toBe('the CA answered 500');
    await service.obtain('other.acme.test');
    expect(proxy.orders()).toBe(1);
    expect(readdirSync(join(stateDir, 'acme', 'orders'))).toEqual(['down.acme.test.json']);
    isDown = false;
    await service.renew('down.acme.test', CLI);
    expect(service.of('down.acme.test')?.state).toBe('issued');
    await expect.poll(() => service.of('other.acme.test')?.state).toBe('issued');
    expect(proxy.orders()).toBe(2);
  });

  it('an authority that limits the rate is left alone for as long as it says', async () => {
    const { pebble, table } = running();
    const proxy = await authorityProxy(pebble);
    onTestFinished(() => proxy.close());
    proxy.intercept = (path) =>
      path === '/order-plz'
        ? problem('rateLimited', 'too many new orders recently', 429, { 'retry-after': '7200' })
        : null;
    const { service, hosts } = await serving(configFor(proxy), table);
    hosts.set('busy.acme.test', 'acme').set('next.acme.test', 'globex');
    await service.obtain('busy.acme.test');
    const { lastError, nextTryAt } = service.of('busy.acme.test') ?? {};
    expect(lastError).toBe('the CA refuses more orders for now: too many new orders recently');
    expect(Date.parse(nextTryAt ?? '')).toBeGreaterThan(Date.now() + 7_000_000);
    await service.obtain('next.acme.test');
    expect(proxy.orders()).toBe(1);
  });

  it('no more orders are begun in an hour than allowed, second tries and restarts included', async () => {
    const { pebble, table } = running();
    const proxy = await authorityProxy(pebble);
    onTestFinished(() => proxy.close());
    const { service, hosts, again } = await serving(configFor(proxy, { maxOrdersPerHour: 3 }), table, {
      tenantCount: () => 1,
    });
    for (const host of ['a', 'b', 'c', 'd']) {
      hosts.set(`${host}.bounded.test`, 'acme');
      await pebble.setAddress(`${host}.bounded.test`, '127.0.0.77');
    }
    // Each first try would take two orders.
    for (const host of ['a', 'b', 'c', 'd']) await service.obtain(`${host}.bounded.test`);
    expect(proxy.orders()).toBe(3);
    const next = await again();
    for (const host of ['a', 'b', 'c', 'd']) await next.service.obtain(`${host}.bounded.test`);
    expect(proxy.orders()).toBe(3);
    await expect(next.service.renew('a.bounded.test', CLI)).rejects.toMatchObject({ code: 'certificate_failed' });
  });

  it('a tenant with many domains does not keep another one from its first', async () => {
    const { pebble, table } = running();
    const proxy = await authorityProxy(pebble);
    onTestFinished(() => proxy.close());
    const many = Array.from({ length: 30 }, (_value, index) => [`shop-${index}.many.test`, 'acme'] as const);
    const hosts = new Map<string, string>([...many, ['one.few.test', 'globex']]);
    const config = configFor(proxy, { maxOrdersPerHour: 6 });
    const { service } = await serving(config, table, { hosts, activeDomains: () => many });
    const issued = () => service.list().filter(({ state }) => state === 'issued').length;
    await expect.poll(issued).toBe(3);
    await service.obtain('one.few.test');
    expect(service.of('one.few.test')?.state).toBe('issued');
    expect(service.of('shop-29.many.test')?.state).toBe('waiting');
    expect(proxy.orders()).toBe(4);
  });

  it('an authority that wants to know its customer gets the account bound', async () => {
    const { table, httpPort, tlsPort } = running();
    const externalAccount = { keyId: 'kid-1', key: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W' };
    const pebble = await Pebble.start({ httpPort, tlsPort, externalAccount });
    onTestFinished(() => pebble.stop());
    const stateDir = temporaryState();
    const hmacKeyFile = join(stateDir, 'acme.key');
    writeFileSync(hmacKeyFile, `${externalAccount.key}\n`, { mode: 0o600 });
    const hosts = new Map([['bound.acme.test', 'acme']]);
    const bound = configFor(pebble, { externalAccount: { keyId: 'kid-1', hmacKeyFile } });
    const { service, again } = await serving(bound, table, { stateDir, hosts });
    await service.obtain('bound.acme.test');
    expect(service.of('bound.acme.test')).toMatchObject({ state: 'issued' });
    await again();
  });

  it('without it, the reason says what the authority wants', async () => {
    const { table, httpPort, tlsPort } = running();
    const pebble = await Pebble.start({ httpPort, tlsPort, externalAccount: { keyId: 'kid-1', key: 'c2VjcmV0' } });
    onTestFinished(() => pebble.stop());
    const { service } = await serving(configFor(pebble), table, { hosts: new Map([['unbound.acme.test', 'acme']]) });
    await service.obtain('unbound.acme.test');
    expect(service.of('unbound.acme.test')?.lastError).toContain('set external_account');
  });
});
