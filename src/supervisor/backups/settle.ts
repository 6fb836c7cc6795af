/** The end of a restore, however far it came. */
import type { TenantDirectories } from '../../core/ports.ts';
import type { Registry } from '../../core/stores/registry.ts';
import type { TenantStore } from '../../core/stores/tenant-store.ts';
import type { Logger } from '../../logger.ts';

export interface SettleDeps {
  readonly tenants: TenantStore;
  readonly registry: Pick<Registry, 'whenWritable'>;
  readonly tenantDirectories: Pick<TenantDirectories, 'settleRestore'>;
  readonly logger: Logger;
}

const WORDS = {
  finished: 'the restored directory is in its place, the former one beside it',
  undone: 'the tenant is as it was',
} as const;

/** Ends a restore that an earlier server began, and says how. */
export async function settleRestore(tenantId: string, deps: SettleDeps): Promise<void> {
  const how = await settle(tenantId, deps);
  deps.logger.info({ tenant: tenantId }, `a restore was interrupted: ${WORDS[how]}`);
}

export async function settle(tenantId: string, { tenants, registry, tenantDirectories }: SettleDeps) {
  const how = tenantDirectories.settleRestore(tenantId);
  await registry.whenWritable(() => tenants.commit({ tenantId, operation: null }));
  return how;
}
