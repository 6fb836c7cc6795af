/** Completes what a server that was killed had begun on tenants. */
import type { TenantOperation } from '../../../core/tenants/tenant-operation.ts';
import { undoImport } from '../../archives/undo-import.ts';
import { type SettleDeps, settleRestore } from '../../backups/settle.ts';
import { beginRegistration, completeRegistration, type RegistrationDeps } from '../registration/registration.ts';
import type { TenantLocks } from '../tenant-locks.ts';
import { completeDeletion, type DeletionDeps } from './deletion.ts';

export type UnfinishedDeps = DeletionDeps & RegistrationDeps & SettleDeps;

/** Names of the kinds of operations, for log lines. */
const WORDS = {
  register: 'registration is completed',
  delete: 'deletion is completed',
  import: 'import is undone',
  restore: 'restore is over',
} as const satisfies Record<TenantOperation['kind'], string>;

/** How many tenants are resumed at once. */
const AT_ONCE = 4;

/** Refuses the requests of tenants whose registration was interrupted. @throws {TenementError} `state_failed` */
export function closeUnfinished(deps: UnfinishedDeps): void {
  for (const { tenantId, operation } of deps.tenants.unfinished())
    if (operation.kind === 'register') beginRegistration(tenantId, deps);
}

/** What cannot be completed is logged, and delays nothing else. @param only the tenant that is meant; default: all */
export async function resumeUnfinished(locks: TenantLocks, deps: UnfinishedDeps, only?: string): Promise<void> {
  const next = (only === undefined ? deps.tenants.unfinished().map(({ tenantId }) => tenantId) : [only]).values();
  const resumeNext = async () => {
    for (const tenantId of next) await locks.withTenant(tenantId, () => resume(tenantId, deps), { waits: true });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, resumeNext));
}

/** Called under the tenant's lock, when earlier operations may have ended what was unfinished. */
async function resume(tenantId: string, deps: UnfinishedDeps): Promise<void> {
  const operation = deps.tenants.operationOf(tenantId);
  // Hooks may take minutes; provisioning takes them up.
  if (operation === null || (operation.kind === 'delete' && operation.step === 'hooks')) return;
  const fields = { tenant: tenantId, startedAt: new Date(operation.startedAtMs).toISOString() };
  try {
    await complete(tenantId, operation, deps);
    deps.logger.info(fields, `an interrupted ${WORDS[operation.kind]}`);
  } catch (error) {
    deps.logger.error({ ...fields, err: error }, `it failed that an interrupted ${WORDS[operation.kind]}`);
  }
}

function complete(tenantId: string, operation: TenantOperation, deps: UnfinishedDeps): Promise<void> {
  switch (operation.kind) {
    case 'register':
      return completeRegistration(tenantId, operation, deps);
    case 'delete':
      return completeDeletion(tenantId, operation, deps);
    case 'import':
      return undoImport(tenantId, operation, deps);
    case 'restore':
      return settleRestore(tenantId, deps);
  }
}
