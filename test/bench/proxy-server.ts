/** tenement's proxy alone, over sockets that are always ready: `node proxy-server.ts PORT TENANTS DIR [plan]`. */

import { TurnedAway } from '../../src/core/admission/turned-away.ts';
import { NO_POLICY, type QuotaPolicy } from '../../src/core/quota/quota-policy.ts';
import { ProxySettingsPublisher } from '../../src/core/routing/proxy-settings.ts';
import { DEFAULT_PROXY_LIMITS } from '../../src/core/service/service.ts';
import { countBodiesWithHeap } from '../../src/proxy/exchange/body-memory.ts';
import { createProxy } from '../../src/proxy/server.ts';
import { readySource } from './ready-source.ts';

countBodiesWithHeap();
const [port = '0', tenants = '1', dir = '.', plan] = process.argv.slice(2);
/** A rate and a quota that no load reaches, so that each request is admitted and counted. */
const POLICY: QuotaPolicy = {
  ...NO_POLICY,
  rate: { requests: 1_000_000, perS: 1, burst: 1_000_000 },
  quotas: [{ meter: 'requests', limit: 1_000_000_000_000, period: 'month' }],
};
const routing = { version: 1, suffixes: [['localhost', ['app']]] as const, anyDomain: null, aliases: [] };
const proxy = createProxy({
  source: readySource(Number(tenants), dir, plan === undefined ? null : POLICY),
  settings: new ProxySettingsPublisher({ routing, trustedProxies: [], identity: null }),
  limits: DEFAULT_PROXY_LIMITS,
  turnedAway: new TurnedAway(),
  logger: { level: 'silent', debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
});
await proxy.listen({ host: '127.0.0.1', port: Number(port) });
process.stdout.write('ready\n');
