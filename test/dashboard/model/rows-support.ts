/** Rows for tests of the dashboard. */
import type { InstanceRow, TenantRow } from '../../../src/core/dashboard/views.ts';

export function instanceRow(instance: `${string}:${string}`, more: Partial<InstanceRow> = {}): InstanceRow {
  return {
    instance,
    state: 'asleep',
    reason: 'idle for 5m',
    memoryBytes: null,
    memoryLimitBytes: null,
    cpuSeconds: null,
    requests: 0,
    inFlight: 0,
    restarts: 0,
    startedAt: null,
    lastActivityAt: null,
    retryAt: null,
    ...more,
  };
}

export function tenantRow(id: string, more: Partial<TenantRow> = {}): TenantRow {
  return {
    id,
    state: 'active',
    reason: 'it is open',
    plan: null,
    expiresAt: null,
    labels: {},
    domains: 0,
    storageBytes: null,
    requestsThisMonth: 0,
    ...more,
  };
}
