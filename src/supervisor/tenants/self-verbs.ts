/** What an instance may ask of tenement about its own tenant. */
import type { SelfVerbs } from '../../core/input/self-verbs.ts';
import { limitsView } from '../../core/limits/limits.ts';
import type { Clock } from '../../core/ports.ts';
import type { InstanceTable } from '../instance-table.ts';
import type { Counters } from './counters.ts';
import type { TenantTable } from './tenant-table.ts';

export interface SelfVerbsDeps {
  readonly instanceTable: InstanceTable;
  readonly tenants: TenantTable;
  readonly counters: Counters;
  readonly clock: Clock;
}

export function createSelfVerbs({ instanceTable, tenants, counters, clock }: SelfVerbsDeps): SelfVerbs {
  return {
    self: (instance) => {
      const { tenantId, service } = instanceTable.find(instance);
      const record = tenants.get(tenantId);
      const expiresAtMs = record?.expiresAtMs ?? null;
      return {
        id: tenantId,
        service: service.name,
        plan: service.plan?.name ?? null,
        features: service.plan?.features ?? [],
        limits: limitsView(service),
        counters: counters.list(tenantId),
        labels: record?.labels ?? {},
        expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
      };
    },
    count: (instance, name, add) => counters.add(instanceTable.find(instance).tenantId, name, add),
    busy: (instance, ms) => {
      const runner = instanceTable.find(instance);
      const grantedMs = Math.min(ms, runner.service.maxBusyMs);
      runner.stayAwake(grantedMs);
      return { until: new Date(clock.nowMs() + grantedMs).toISOString() };
    },
  };
}
