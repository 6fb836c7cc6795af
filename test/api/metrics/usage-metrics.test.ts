import { expect, test } from 'vitest';
import { newTally } from '../../../src/core/usage/tally.ts';
import { runningApi } from '../running.ts';

test('metrics count the use of each tenant, for those who may see it', async () => {
  const { call, tokenStore, usage } = await runningApi('token');
  usage.totals.set('acme', { ...newTally(), egressBytes: 1500, cpuSeconds: 2.5 });
  usage.totals.set('globex', { ...newTally(), egressBytes: 7 });
  const scrape = async (scope: string) => {
    const { token } = await tokenStore.make({ scope });
    const { text } = await call('/metrics', { headers: { authorization: `Bearer ${token}` } });
    return text.split('\n').filter((line) => /^tenement_tenant_(egress|cpu)/.test(line));
  };
  const ofAcme = [
    'tenement_tenant_egress_bytes_total{tenant="acme"} 1500',
    'tenement_tenant_cpu_seconds_total{tenant="acme"} 2.5',
  ];
  expect(await scrape('tenant:acme')).toEqual(ofAcme);
  expect(await scrape('service:api')).toEqual([]);
  expect(await scrape('admin')).toEqual(
    expect.arrayContaining([...ofAcme, 'tenement_tenant_egress_bytes_total{tenant="globex"} 7']),
  );
});
