/** What is known of tenants: one, or pages of those that match a query. */

import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { Clock } from '../../core/ports.ts';
import { periodAt } from '../../core/quota/period.ts';
import type { DomainStore } from '../../core/stores/domain-store.ts';
import { hasLabels } from '../../core/tenants/labels.ts';
import { type TenantRecord, unknownTenant } from '../../core/tenants/tenant.ts';
import type { TenantState } from '../../core/tenants/tenant-state.ts';
import type { UsageTotals } from '../../core/usage/meters.ts';
import type { SeenTenantQuery, TenantPage, TenantView } from '../../core/verbs/tenant-verbs.ts';
import type { InstanceTable } from '../instance-table.ts';
import type { HookBoard } from '../provisioning/hook-board.ts';
import type { Allowances } from '../quotas/allowances.ts';
import type { TenantGates } from './tenant-gates.ts';
import type { TenantInstances } from './tenant-instances.ts';
import type { TenantLocks } from './tenant-locks.ts';
import type { TenantTable } from './tenant-table.ts';
import { tenantViewOf } from './tenant-view.ts';

export interface TenantListDeps {
  readonly tenants: TenantTable;
  readonly tenantGates: TenantGates;
  readonly tenantInstances: TenantInstances;
  readonly tenantLocks: Pick<TenantLocks, 'longOn'>;
  readonly instanceTable: InstanceTable;
  readonly domains: { readonly store: Pick<DomainStore, 'hostsOf'> };
  readonly allowances: Pick<Allowances, 'isOverQuota' | 'quotasOf'>;
  readonly provisioning: { readonly board: Pick<HookBoard, 'viewOf'> };
  readonly deps: { readonly usage: Pick<UsageTotals, 'total'>; readonly clock: Pick<Clock, 'nowMs'> };
}

/** @throws {TenementError} `unknown_tenant` */
export function foundTenant(tenantId: string, { tenants }: Pick<TenantListDeps, 'tenants'>): TenantRecord {
  const record = tenants.get(tenantId);
  if (record !== null) return record;
  throw unknownTenant(tenantId);
}

export function viewOfTenant(record: TenantRecord, deps: TenantListDeps): TenantView {
  const instances = deps.tenantInstances.names(record.id);
  return tenantViewOf(record, {
    state: stateOf(record.id, deps),
    plan: deps.tenants.planOn(record.plan)?.name ?? null,
    domains: deps.domains.store.hostsOf(record.id),
    instances,
    storageBytes: storageOf(instances, deps),
    requestsThisMonth: requestsOf(record.id, deps),
    quotas: deps.allowances.quotasOf(record.id),
    provisioning: deps.provisioning.board.viewOf(record.id),
    operation: deps.tenantLocks.longOn(record.id),
  });
}

/** Returns the views of those that are registered. */
export function viewsOfTenants(ids: Iterable<string>, deps: TenantListDeps): TenantView[] {
  return Array.from(ids).flatMap((id) => {
    const record = deps.tenants.get(id);
    return record === null ? [] : [viewOfTenant(record, deps)];
  });
}

function requestsOf(tenantId: string, { deps: { usage, clock } }: TenantListDeps): number {
  return usage.total(tenantId, 'requests', periodAt('month', clock.nowMs()).startMs);
}

/** Over its quota, a tenant is refused request by request, as the quota counts. */
function stateOf(tenantId: string, { tenantGates, allowances }: TenantListDeps): TenantState {
  const state = tenantGates.stateOf(tenantId);
  return state === 'active' && allowances.isOverQuota(tenantId) ? 'over_quota' : state;
}

/** Its services share one directory; the last measurement counts. */
function storageOf(instances: readonly InstanceName[], { instanceTable }: TenantListDeps): number | null {
  let last: { readonly bytes: number; readonly measuredAtMs: number } | null = null;
  for (const instance of instances) {
    const storage = instanceTable.record(instance)?.storage ?? null;
    if (storage !== null && storage.measuredAtMs > (last?.measuredAtMs ?? 0)) last = storage;
  }
  return last?.bytes ?? null;
}

export function listTenants(query: SeenTenantQuery, deps: TenantListDeps): TenantPage {
  const { limit = Number.POSITIVE_INFINITY, after = '' } = query;
  const page: TenantView[] = [];
  for (const record of deps.tenants.list()) {
    if (record.id <= after || !matches(record, query, deps)) continue;
    if (page.length >= limit) return { tenants: page, next: page.at(-1)?.id ?? null };
    page.push(viewOfTenant(record, deps));
  }
  return { tenants: page, next: null };
}

function matches({ id, plan, labels }: TenantRecord, query: SeenTenantQuery, deps: TenantListDeps): boolean {
  if (query.isSeen?.(id) === false || !hasLabels(labels, query.labels ?? {})) return false;
  if (query.state !== undefined && stateOf(id, deps) !== query.state) return false;
  return query.plan === undefined || deps.tenants.planOn(plan)?.name === query.plan;
}
