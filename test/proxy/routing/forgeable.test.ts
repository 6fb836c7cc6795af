import { expect, test } from 'vitest';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { forgeableTrust } from '../../../src/proxy/routing/forgeable.ts';
import { SERVICE } from '../../supervisor/fakes.ts';

const INTERFACES = { lo: [{ address: '127.0.0.1' }], eth0: [{ address: '10.1.2.3' }, { address: 'fd00::5' }] };

function warnings(trustedProxies: readonly string[], ...networks: ServiceConfig['network'][]): string[] {
  const services = networks.map((network, index): ServiceConfig => ({ ...SERVICE, name: `s${index}`, network }));
  const named = new Map(services.map((service) => [service.name, service]));
  return forgeableTrust({ proxy: { trustedProxies }, services: named }, INTERFACES);
}

test.each([
  '127.0.0.1',
  '127.0.0.9',
  '127.0.0.0/8',
  '::1',
  '::ffff:127.0.0.1',
  '10.1.2.3',
  '10.0.0.0/8',
  '0.0.0.0/0',
  '::/0',
  'fd00::/64',
])('a tenant on the host network can connect from %s', (entry) => {
  expect(warnings(['192.0.2.1', entry], 'none', 'host')).toEqual([
    expect.stringMatching(new RegExp(`has ${entry}, .*service\\.s1 .*network = "host"`)),
  ]);
});

test.each(['192.0.2.1', '10.1.2.4', '192.168.0.0/16', 'fd01::/64'])('but not from %s', (entry) => {
  expect(warnings([entry], 'host')).toEqual([]);
});

test("no warning comes where no tenant is on the host's network, or nobody is trusted", () => {
  expect(warnings(['127.0.0.1'], 'none')).toEqual([]);
  expect(warnings([], 'host')).toEqual([]);
});
