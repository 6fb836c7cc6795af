import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { addTlsMetrics } from '../../../src/api/metrics/tls-metrics.ts';
import { silentLogger } from '../../../src/logger.ts';
import { ServerTls } from '../../../src/parts/tls/server-tls.ts';

it('reads the counts of a server (bug: every scrape failed)', async () => {
  const tls = new ServerTls(silentLogger());
  tls.counts.add('full', 3);
  const registry = new Registry();
  addTlsMetrics(registry, tls);
  expect(await registry.metrics()).toContain('tenement_tls_handshakes_total{result="full"} 3');
});
