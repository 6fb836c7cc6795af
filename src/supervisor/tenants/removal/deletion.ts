/**
 * Deletes what an unregistered instance left: its logs, then the tenant's directory and record if it was the tenant's last.
 * The deletion is written down in the transaction that unregisters the instance, so that the next server completes one
 * that was interrupted.
 */
import { type InstanceName, instanceName } from '../../../core/lifecycle/instance.ts';
import type { TenantDirectories } from '../../../core/ports.ts';
import type { Registry } from '../../../core/stores/registry.ts';
import type { TenantChange, TenantStore } from '../../../core/stores/tenant-store.ts';
import type { Deletion } from '../../../core/tenants/tenant-operation.ts';
import type { Logger } from '../../../logger.ts';
import type { Provisioning } from '../../provisioning/provisioning.ts';

export interface DeletionDeps {
  readonly tenants: TenantStore;
  readonly registry: Pick<Registry, 'whenWritable'>;
  readonly tenantDirectories: Pick<TenantDirectories, 'delete'>;
  readonly provisioning: Pick<Provisioning, 'destroy'>;
  readonly logger: Logger;
  /** Deletes what the instance printed. */
  removeLogs(instance: InstanceName): Promise<void>;
}

/**
 * Completes a deletion that was written down, under the tenant's lock. While a hook fails, it is tried again later, and no
 * file goes. A file that cannot be deleted ends it: it stays with the tenant's record.
 * @throws {TenementError} `deprovisioning_failed`: a hook failed; `purge_failed`: the directory is still where it was
 */
export async function completeDeletion(tenantId: string, deletion: Deletion, deps: DeletionDeps): Promise<void> {
  if (deletion.step === 'hooks') {
    await deps.provisioning.destroy(tenantId, deletion);
    await end(tenantId, { operation: { ...deletion, step: 'files' } }, deps);
  }
  try {
    for (const service of deletion.services) await deps.removeLogs(instanceName(service, tenantId));
    if (deletion.withDirectory) await deps.tenantDirectories.delete(tenantId);
  } catch (error) {
    await end(tenantId, { operation: null }, deps);
    throw error;
  }
  await end(tenantId, { operation: null, ...(deletion.withRecord && { record: null, isPurged: true }) }, deps);
}

/** One that cannot be written is repeated by the next server, unless the tenant has been registered again by then. */
async function end(tenantId: string, change: Omit<TenantChange, 'tenantId'>, deps: DeletionDeps): Promise<void> {
  try {
    await deps.registry.whenWritable(() => deps.tenants.commit({ tenantId, ...change }));
  } catch (error) {
    deps.logger.warn(
      { tenant: tenantId, err: error },
      'the end of a deletion is not written; the next start repeats it',
    );
  }
}
