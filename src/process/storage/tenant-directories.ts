/** The directories of tenants. */
import { join } from 'node:path';
import type { TenantDirectories } from '../../core/ports.ts';
import { assertTenantId } from '../../core/tenants/tenant.ts';
import type { ProcessContext } from '../process-context.ts';
import { purgeDir } from './purge.ts';

type TenantDirectoriesOptions = Pick<ProcessContext, 'settings' | 'trash' | 'users'>;

export function createTenantDirectories({ settings, trash, users }: TenantDirectoriesOptions): TenantDirectories {
  return {
    delete: async (tenantId) => {
      assertTenantId(tenantId);
      purgeDir(join(settings.dataDir, tenantId), settings, trash);
      users.forget(tenantId);
    },
  };
}
