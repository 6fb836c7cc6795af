/**
 * tenement's proxy alone, over sockets that are always ready: `node proxy-server.ts PORT TENANTS DIR [plan] [domains=N] [tls] [otlp=URL]`. With `tls`, PORT is
 * for TLS, by `DIR/cert.pem` and `DIR/key.pem`.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TurnedAway } from '../../src/core/admission/turned-away.ts';
import { type DomainRoute, DomainRoutes } from '../../src/core/domains/domain-routes.ts';
import { NO_POLICY, type QuotaPolicy } from '../../src/core/quota/quota-policy.ts';
import { ProxySettingsPublisher } from '../../src/core/routing/proxy-settings.ts';
import { DEFAULT_PROXY_LIMITS } from '../../src/core/service/service.ts';
import type { Certificate } from '../../src/core/tls/certificate.ts';
import { silentLogger } from '../../src/logger.ts';
import { countBodiesWithHeap } from '../../src/proxy/exchange/body-memory.ts';
import { createProxy } from '../../src/proxy/server.ts';
import { LazyTracing } from '../../src/telemetry/lazy-tracing.ts';
import { testTls } from '../proxy/secure.ts';
import { readySource } from './ready-source.ts';

countBodiesWithHeap();
const [port = '0', tenants = '1', dir = '.', ...options] = process.argv.slice(2);
/** `d0.example` to `dN.example`, which all lead to `app:t0`. */
const domains = new DomainRoutes();
const count = Number(options.find((option) => option.startsWith('domains='))?.slice('domains='.length) ?? 0);
void domains.change(Array.from({ length: count }, (_, index): DomainRoute => [`d${index}.example`, 'app:t0']));
const SECURE = { redirect: true, onDemand: false, publicPort: null };

function certificate(): Certificate {
  const [chain, key] = ['cert.pem', 'key.pem'].map((name) => readFileSync(join(dir, name), 'utf8')) as [string, string];
  return { id: 'bench', chain, key, names: ['t0.localhost'], rank: 0, notAfterMs: Number.POSITIVE_INFINITY };
}

/** A rate and a quota that no load reaches, so that each request is admitted and counted. */
const POLICY: QuotaPolicy = {
  ...NO_POLICY,
  rate: { requests: 1_000_000, perS: 1, burst: 1_000_000 },
  quotas: [{ meter: 'requests', limit: 1_000_000_000_000, period: 'month' }],
};
const isSecure = options.includes('tls');
const otlp = options.find((option) => option.startsWith('otlp='))?.slice('otlp='.length);
const tracing = new LazyTracing(silentLogger());
tracing.apply(otlp === undefined ? null : { url: otlp, sample: 1, serviceName: 'bench' });
await tracing.settled;
const address = { host: '127.0.0.1', port: Number(port) };
const routing = { version: 1, suffixes: [['localhost', ['app']]] as const, anyDomain: null, aliases: [] };
const proxy = createProxy({
  source: readySource(Number(tenants), dir, options.includes('plan') ? POLICY : null),
  settings: new ProxySettingsPublisher(
    { routing, trustedProxies: [], identity: null, tls: isSecure ? SECURE : null },
    domains,
  ),
  limits: DEFAULT_PROXY_LIMITS,
  turnedAway: new TurnedAway(),
  tracing,
  ...(isSecure && { tls: testTls(certificate()) }),
  logger: silentLogger(),
});
await proxy.listen(isSecure ? { ...address, port: 0, tls: address } : address);
process.stdout.write('ready\n');
