/** Undoes the import or the clone that an earlier server did not complete. Its tenant was never registered. */
import type { Import } from '../../core/tenants/tenant-operation.ts';
import type { DeletionDeps } from '../tenants/removal/deletion.ts';

/** What was made beside the tenants' directories is deleted by itself; see `ProcessHost.prepare`. */
export async function undoImport(tenantId: string, { step }: Import, deps: DeletionDeps): Promise<void> {
  if (step === 'place') await deps.tenantDirectories.delete(tenantId);
  await deps.registry.whenWritable(() => deps.tenants.commit({ tenantId, operation: null }));
}
