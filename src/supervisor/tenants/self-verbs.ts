/** What an instance may ask of tenement about its own tenant. */

import { limitsView } from '../../core/limits/limits.ts';
import type { Clock } from '../../core/ports.ts';
import { periodAt } from '../../core/quota/period.ts';
import { quotaJson } from '../../core/quota/quota-face.ts';
import { METERS, type Meter, type UsageTotals } from '../../core/usage/meters.ts';
import type { SelfUsage, SelfVerbs } from '../../core/verbs/self-verbs.ts';
import type { InstanceTable } from '../instance-table.ts';
import type { Allowances } from '../quotas/allowances.ts';
import type { Counters } from '../quotas/counters.ts';
import type { TenantTable } from './tenant-table.ts';

export interface SelfVerbsDeps {
  readonly instanceTable: InstanceTable;
  readonly tenants: TenantTable;
  readonly counters: Counters;
  readonly allowances: Pick<Allowances, 'quotasOf'>;
  readonly totals: Pick<UsageTotals, 'total'>;
  readonly clock: Clock;
}

export function createSelfVerbs(deps: SelfVerbsDeps): SelfVerbs {
  const { instanceTable, tenants, counters, clock } = deps;
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
    usage: (instance) => usageOf(instanceTable.find(instance).tenantId, deps),
    count: (instance, name, add) => counters.add(instanceTable.find(instance).tenantId, name, add),
    busy: (instance, ms) => {
      const runner = instanceTable.find(instance);
      const grantedMs = Math.min(ms, runner.service.maxBusyMs);
      runner.stayAwake(grantedMs);
      return { until: new Date(clock.nowMs() + grantedMs).toISOString() };
    },
  };
}

function usageOf(tenantId: string, { clock, totals, allowances }: SelfVerbsDeps): SelfUsage {
  const { startMs } = periodAt('month', clock.nowMs());
  const meters = Object.keys(METERS) as Meter[];
  const usage = meters.map((meter) => [meter, totals.total(tenantId, meter, startMs)]);
  const quotas = allowances.quotasOf(tenantId).map(quotaJson);
  const month = new Date(startMs).toISOString().slice(0, 7);
  return { month, usage: Object.fromEntries(usage) as SelfUsage['usage'], quotas };
}
