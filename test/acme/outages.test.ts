import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLI } from '../../src/core/access/actor.ts';
import { shared } from '../e2e/support.ts';
import { authorityProxy, problem } from './authority-proxy.ts';
import { Pebble, withoutPebble } from './pebble.ts';
import { configFor, listening, serving } from './support.ts';

describe.skipIf(withoutPebble !== null)(`with an authority (${withoutPebble ?? 'pebble'})`, () => {
  const running = shared(async (onFinished) => {
    const listeners = await listening(onFinished);
    const pebble = await Pebble.start(listeners);
    onFinished(() => pebble.stop());
    return { ...listeners, pebble };
  });

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
});
