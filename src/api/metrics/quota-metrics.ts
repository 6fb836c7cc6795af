/** Metrics of quotas, and of requests that were refused over a limit of their tenant's plan. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { QuotaFace, QuotaView } from '../../core/quota/quota-face.ts';

const GAUGES: readonly (readonly [name: string, help: string, figure: (view: QuotaView) => number])[] = [
  ['used', 'Requests, seconds or bytes that the tenant used in the current period.', ({ used }) => used],
  ['limit', 'Requests, seconds or bytes that its plan allows in each period.', ({ limit }) => limit],
];

/** @param isSeen whether a tenant is shown */
export function addQuotaMetrics(registry: Registry, quotas: QuotaFace, isSeen: (tenantId: string) => boolean): void {
  for (const [name, help, figure] of GAUGES)
    new Gauge({
      name: `tenement_tenant_quota_${name}`,
      help,
      labelNames: ['tenant', 'meter', 'period'],
      registers: [registry],
      collect() {
        this.reset();
        for (const tenant of quotas.metered()) {
          if (!isSeen(tenant)) continue;
          for (const view of quotas.quotasOf(tenant)) {
            this.set({ tenant, meter: view.meter, period: view.period }, figure(view));
          }
        }
      },
    });
  new Counter({
    name: 'tenement_tenant_refused_requests_total',
    help: 'Requests that were refused over a rate, a quota or max_connections.',
    labelNames: ['tenant', 'code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { tenantId: tenant, code, requests } of quotas.refusedRequests()) {
        if (isSeen(tenant)) this.inc({ tenant, code }, requests);
      }
    },
  });
}
