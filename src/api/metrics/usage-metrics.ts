/** Metrics of usage, by tenant. */
import { Counter, type Registry } from 'prom-client';
import { covers, type Scope } from '../../core/access/scope.ts';
import type { Meter } from '../../core/usage/meters.ts';
import type { UsageFace } from '../../core/usage/usage-face.ts';

const COUNTERS: readonly (readonly [name: string, help: string, meter: Meter])[] = [
  ['requests_total', 'Requests that were passed on.', 'requests'],
  ['errors_total', 'Requests that ended with a status of 500 to 599.', 'errors'],
  ['ingress_bytes_total', 'Bytes that clients sent.', 'ingressBytes'],
  ['egress_bytes_total', 'Bytes that were sent to clients.', 'egressBytes'],
  ['cpu_seconds_total', 'Processor time of all processes.', 'cpuSeconds'],
  ['awake_seconds_total', 'Time that processes existed unfrozen.', 'awakeSeconds'],
];

/** Adds counters of tenants that have used anything since the server has started. */
export function addUsageMetrics(registry: Registry, usage: Pick<UsageFace, 'sinceStart'>, scope: Scope): void {
  for (const [name, help, meter] of COUNTERS)
    new Counter({
      name: `tenement_tenant_${name}`,
      help,
      labelNames: ['tenant'],
      registers: [registry],
      collect() {
        // Copies the counts of the recorder.
        this.reset();
        for (const [tenant, tally] of usage.sinceStart()) {
          if (covers(scope, { service: null, tenantId: tenant })) this.inc({ tenant }, tally[meter]);
        }
      },
    });
}
