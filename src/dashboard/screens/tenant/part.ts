/** What each part of a tenant's page is given. */
import type { InstanceRow } from '../../../core/dashboard/views.ts';
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';

export interface TenantPart {
  tenant: string;
  /** null: not read yet, or hidden from a session for one service. */
  view: TenantView | null;
  instances: readonly InstanceRow[];
  reload: () => void;
}
