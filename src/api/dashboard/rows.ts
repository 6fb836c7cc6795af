/** Rows of the dashboard's lists, of what a caller sees. */

import type { LiveFace } from '../../core/dashboard/live-face.ts';
import type { DashboardChange, InstanceRow, TenantRow } from '../../core/dashboard/views.ts';
import { type InstanceName, parseInstanceName } from '../../core/lifecycle/instance.ts';
import type { TenantView } from '../../core/verbs/tenant-verbs.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import { type Access, sees } from '../access/access.ts';
import { shownTo } from '../access/tenant-shown.ts';

export function instanceRow(view: InstanceView): InstanceRow {
  const { instance, state, reason, memoryBytes, memoryLimitBytes, cpuSeconds, requests, inFlight, restarts } = view;
  const { startedAt, lastActivityAt, retryAt } = view;
  return {
    ...{ instance, state, reason, memoryBytes, memoryLimitBytes, cpuSeconds, requests, inFlight, restarts },
    ...{ startedAt, lastActivityAt, retryAt },
  };
}

export function tenantRow(access: Access, view: TenantView): TenantRow {
  const { id, state, reason, plan, expiresAt, labels, domains, storageBytes, requestsThisMonth } = shownTo(
    access,
    view,
  );
  return { id, state, reason, plan, expiresAt, labels, domains: domains.length, storageBytes, requestsThisMonth };
}

export function isInstance(name: string): name is InstanceName {
  return name.includes(':');
}

/** Whether the caller sees an instance or a tenant. */
export function seesNamed(access: Access, name: string): boolean {
  return sees(access, isInstance(name) ? parseInstanceName(name) : { service: null, tenantId: name });
}

/** Returns the rows of names that the caller sees, and which of them are gone. */
export function rowsOf(names: readonly string[], live: LiveFace, access: Access): DashboardChange {
  const instanceNames = names.filter(isInstance);
  const tenantIds = names.filter((name) => !isInstance(name));
  const instances = live.instances(instanceNames).map(instanceRow);
  const tenants = live.tenants(tenantIds).map((view) => tenantRow(access, view));
  const removedInstances = without(instanceNames, new Set(instances.map(({ instance }) => instance)));
  const removedTenants = without(tenantIds, new Set(tenants.map(({ id }) => id)));
  return {
    ...(instances.length > 0 && { instances }),
    ...(tenants.length > 0 && { tenants }),
    ...(removedInstances.length > 0 && { removedInstances }),
    ...(removedTenants.length > 0 && { removedTenants }),
  };
}

function without(names: readonly string[], present: ReadonlySet<string>): string[] {
  return names.filter((name) => !present.has(name));
}
