/** Completes what a server that was killed had begun on tenants. */
import type { TenantOperation } from '../../core/tenants/tenant-operation.ts';
import { completeDeletion, type DeletionDeps } from './deletion.ts';
import { completeRegistration, type RegistrationDeps } from './registration.ts';
import type { TenantLocks } from './tenant-locks.ts';

export type UnfinishedDeps = DeletionDeps & RegistrationDeps;

/** Names of the kinds of operations, for log lines. */
const WORDS = { register: 'registration', delete: 'deletion' } as const satisfies Record<
  TenantOperation['kind'],
  string
>;

/** What cannot be completed is logged, and delays nothing else. @param only the tenant that is meant; default: all */
export async function resumeUnfinished(locks: TenantLocks, deps: UnfinishedDeps, only?: string): Promise<void> {
  for (const { tenantId, operation } of deps.tenants.unfinished()) {
    if (only !== undefined && tenantId !== only) continue;
    // Hooks may take minutes; provisioning takes them up.
    if (operation.kind === 'delete' && operation.step === 'hooks') continue;
    const fields = { tenant: tenantId, startedAt: new Date(operation.startedAtMs).toISOString() };
    try {
      await locks.withTenant(tenantId, () => complete(tenantId, operation, deps));
      deps.logger.info(fields, `an interrupted ${WORDS[operation.kind]} is completed`);
    } catch (error) {
      deps.logger.error({ ...fields, err: error }, `an interrupted ${WORDS[operation.kind]} cannot be completed`);
    }
  }
}

function complete(tenantId: string, operation: TenantOperation, deps: UnfinishedDeps): Promise<void> {
  switch (operation.kind) {
    case 'register':
      return completeRegistration(tenantId, operation, deps);
    case 'delete':
      return completeDeletion(tenantId, operation, deps);
  }
}
