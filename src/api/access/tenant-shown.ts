/** What a caller sees of a tenant. What a hook printed is about the operator's machines, and no concern of a customer. */
import type { TenantView } from '../../core/verbs/tenant-verbs.ts';
import type { Access } from './access.ts';

export function shownTo({ grants: { scope } }: Pick<Access, 'grants'>, view: TenantView): TenantView {
  const { provisioning } = view;
  if (scope.kind !== 'tenant' || provisioning === null || provisioning.failed === null) return view;
  const failed = { ...provisioning.failed, reason: 'a hook failed', lastLines: [] };
  const reason = provisioning.action === 'create' ? 'it is being set up' : 'it is being purged';
  return { ...view, reason, provisioning: { ...provisioning, failed } };
}
