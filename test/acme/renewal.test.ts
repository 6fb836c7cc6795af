/** Renewals, by a clock that the test sets. The authority is real. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Clock } from '../../src/core/ports.ts';
import { systemClock } from '../../src/node/clock.ts';
import { type AuthorityProxy, authorityProxy } from './authority-proxy.ts';
import { withoutPebble } from './pebble.ts';
import { configFor, serving, sharedAuthority } from './support.ts';

const DAY_MS = 86_400_000;

class SetClock implements Clock {
  offsetMs = 0;
  private readonly timers = new Set<() => void>();

  nowMs(): number {
    return Date.now() + this.offsetMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const cancel = systemClock.after(delayMs, () => {
      this.timers.delete(run);
      run();
    });
    this.timers.add(run);
    return () => {
      cancel();
      this.timers.delete(run);
    };
  }

  /** Sets the clock, and lets every timer look at it. */
  set(offsetMs: number): void {
    this.offsetMs = offsetMs;
    for (const run of [...this.timers]) run();
  }
}

describe.skipIf(withoutPebble !== null)(`with an authority (${withoutPebble ?? 'pebble'})`, () => {
  const running = sharedAuthority();

  async function withOne(host: string, prepare: (proxy: AuthorityProxy) => void = () => {}) {
    const { pebble, table } = running();
    const proxy = await authorityProxy(pebble);
    onTestFinished(() => proxy.close());
    prepare(proxy);
    const clock = new SetClock();
    const hosts = new Map([[host, 'acme']]);
    const { service, events } = await serving(configFor(proxy), table, { clock, hosts });
    await service.obtain(host);
    const idNow = () => table.certificates.find(host)?.id;
    return { service, clock, proxy, hosts, events, idNow, first: idNow() };
  }

  it('a certificate is renewed when a third of its lifetime is left, and shown until then', async () => {
    const { clock, idNow, first, proxy, service } = await withOne('third.acme.test');
    clock.set(54 * DAY_MS);
    expect(proxy.orders()).toBe(1);
    clock.set(61 * DAY_MS);
    expect(idNow()).toBe(first);
    await expect.poll(idNow).not.toBe(first);
    expect(proxy.orders()).toBe(2);
    expect(service.of('third.acme.test')?.lastError).toBeNull();
  });

  it('a clock that jumps ahead and back leaves the certificate as it was', async () => {
    const { clock, idNow, first, service, proxy } = await withOne('jump.acme.test');
    clock.set(-30 * DAY_MS);
    expect(proxy.orders()).toBe(1);
    proxy.intercept = () => ({ status: 503, body: 'maintenance' });
    clock.set(100 * DAY_MS);
    await expect.poll(() => service.of('jump.acme.test')?.state).toBe('failed');
    await expect.poll(idNow).toBeUndefined();
    proxy.intercept = () => null;
    clock.set(0);
    await expect.poll(idNow).toBeDefined();
    await expect.poll(() => service.of('jump.acme.test')).toMatchObject({ state: 'issued', lastError: null });
    expect(idNow()).not.toBe(first);
  });

  it('a host that leads nowhere any more is not renewed', async () => {
    const { clock, hosts, proxy, service } = await withOne('former.acme.test');
    hosts.clear();
    clock.set(61 * DAY_MS);
    await expect.poll(() => service.of('former.acme.test')?.renewAt).toBeNull();
    expect(proxy.orders()).toBe(1);
    clock.set(91 * DAY_MS);
    await expect.poll(() => service.of('former.acme.test')).toBeNull();
  });

  it('the time that the authority suggests is followed, and the order says what it replaces', async () => {
    const suggested = { start: new Date(Date.now() + 2 * DAY_MS), end: new Date(Date.now() + 3 * DAY_MS) };
    const { clock, idNow, first, proxy } = await withOne('suggested.acme.test', (authority) => {
      authority.intercept = async (path) => {
        if (path.startsWith('/renewal/'))
          return { status: 200, body: { suggestedWindow: suggested }, headers: { 'content-type': 'application/json' } };
        return null;
      };
      authority.inDirectory = { renewalInfo: new URL('/renewal', authority.directory).href };
    });
    clock.set(DAY_MS);
    await expect.poll(() => proxy.asked.filter((path) => path.startsWith('/renewal/'))).toHaveLength(1);
    expect(proxy.orders()).toBe(1);
    clock.set(4 * DAY_MS);
    await expect.poll(idNow).not.toBe(first);
    const [, id = ''] =
      /^\/renewal\/([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/.exec(
        proxy.asked.find((path) => path.startsWith('/renewal/')) ?? '',
      ) ?? [];
    expect(proxy.payloads.at(-1)).toMatchObject({ replaces: id });
  });
});
