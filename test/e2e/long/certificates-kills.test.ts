/** A server that is killed at any step of an order leaves the rest of it to the next one. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withoutPebble } from '../../acme/pebble.ts';
import { askSecurely, certifiedServer } from '../certificate-server.ts';

/** Requests of an order, in their order, and how many orders there are when its answer is lost. */
const STEPS = [
  ['/dir', 1],
  ['/nonce-plz', 1],
  ['/sign-me-up', 1],
  // The authority has an order that nobody knows of.
  ['/order-plz', 2],
  ['/my-order/', 1],
  ['/authZ/', 1],
  // The authority may look while no server answers; then the name is ordered anew.
  ['/chalZ/', 2],
  ['/finalize-order/', 1],
  ['/certZ/', 1],
] as const;

describe.skipIf(withoutPebble !== null)(`with an authority (${withoutPebble ?? 'pebble'})`, () => {
  it.each(STEPS)('killed before the answer to %s', async (step, most) => {
    const certified = await certifiedServer(onTestFinished);
    const { server, authority } = certified;
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { promise: killed, resolve: release } = Promise.withResolvers<void>();
    authority.answered = async (path) => {
      if (!path.startsWith(step)) return;
      reach();
      await killed;
    };
    await server.cli('tenant', 'create', 'acme', '--domain', 'shop.acme.test');
    await reached;
    expect(await server.stop('SIGKILL')).toBeNull();
    release();
    authority.answered = () => {};
    await server.start();
    const state = async () => JSON.parse((await server.cli('cert', 'ls', '--json')).stdout)[0]?.state;
    await expect.poll(state).toBe('issued');
    expect((await askSecurely(certified, 'shop.acme.test')).names).toBe('DNS:shop.acme.test');
    expect(authority.orders()).toBeLessThanOrEqual(most);
    expect(readdirSync(join(server.dataDir, '.tenement/acme/orders'))).toEqual([]);
    expect(
      readdirSync(join(server.dataDir, '.tenement/acme')).filter((name) => name.startsWith('account-')),
    ).toHaveLength(1);
  });
});
