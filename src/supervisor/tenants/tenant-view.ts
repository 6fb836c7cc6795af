/** The view of a tenant for the API and the CLI. */

import type { InstanceName } from '../../core/lifecycle/instance.ts';
import { failedSentence, type ProvisioningView } from '../../core/provisioning/provisioning-view.ts';
import { type QuotaView, quotaJson } from '../../core/quota/quota-face.ts';
import { type LongOperation, longOperationView } from '../../core/tenants/long-operation.ts';
import type { TenantRecord } from '../../core/tenants/tenant.ts';
import type { TenantState } from '../../core/tenants/tenant-state.ts';
import type { TenantView } from '../../core/verbs/tenant-verbs.ts';

export interface TenantFacts {
  readonly state: TenantState;
  /** Name of its plan, be it its own or the default. */
  readonly plan: string | null;
  readonly domains: readonly string[];
  readonly instances: readonly InstanceName[];
  readonly storageBytes: number | null;
  readonly requestsThisMonth: number;
  readonly quotas: readonly QuotaView[];
  readonly provisioning: ProvisioningView | null;
  readonly operation: LongOperation | null;
}

export function tenantViewOf(record: TenantRecord, facts: TenantFacts): TenantView {
  const { state, plan, domains, instances, storageBytes, requestsThisMonth, quotas, provisioning } = facts;
  const { id, labels, env, createdAtMs, expiresAtMs } = record;
  return {
    id,
    state,
    reason: reasonOf(record, state, provisioning),
    plan,
    expiresAt: expiresAtMs === null ? null : iso(expiresAtMs),
    labels,
    domains,
    instances,
    variables: Object.keys(env).sort(),
    storageBytes,
    requestsThisMonth,
    quotas: quotas.map(quotaJson),
    provisioning,
    operation: facts.operation === null ? null : longOperationView(facts.operation),
    createdAt: iso(createdAtMs),
  };
}

function reasonOf(
  { id, expiresAtMs }: TenantRecord,
  state: TenantState,
  provisioning: ProvisioningView | null,
): string {
  if (provisioning?.action === 'destroy') return purgeReason(provisioning);
  switch (state) {
    case 'active':
      return expiresAtMs === null ? 'requests are served' : `requests are served until ${iso(expiresAtMs)}`;
    case 'expired':
      return `its time ended${expiresAtMs === null ? '' : ` at ${iso(expiresAtMs)}`}; \`tenement tenant set ${id} --expires DATE\` gives it more`;
    case 'stopped':
      return `stopped by an operator; \`tenement tenant start ${id}\` starts it again`;
    case 'over_quota':
      return 'over its quota; its requests are refused';
    case 'provisioning':
      return provisioning === null ? 'it is being set up; its instances do not start yet' : setUpReason(provisioning);
  }
}

function setUpReason({ failed, running, waiting }: ProvisioningView): string {
  if (running === null && failed !== null) return failedSentence(failed, 'create');
  return `the hook ${running ?? waiting[0]} ${running === null ? 'is to run' : 'runs'}; its instances do not start yet`;
}

function purgeReason({ failed, running }: ProvisioningView): string {
  if (running === null && failed !== null) return `it is being purged, and ${failedSentence(failed, 'destroy')}`;
  return 'it is being purged';
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
