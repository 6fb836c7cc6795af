/** The directories of tenants. */
import { join } from 'node:path';
import type { TenantDirectories } from '../../core/ports.ts';
import { assertTenantId } from '../../core/tenants/tenant.ts';
import type { ProcessContext } from '../process-context.ts';
import { makeFromSkeleton, makeNewDirectory } from './new-directory.ts';
import { purgeDir } from './purge.ts';
import { restoredDirectories } from './restored-directories.ts';

type TenantDirectoriesOptions = Pick<ProcessContext, 'settings' | 'trash' | 'users'>;

export function createTenantDirectories({ settings, trash, users }: TenantDirectoriesOptions): TenantDirectories {
  const pathOf = (tenantId: string) => {
    assertTenantId(tenantId);
    return join(settings.dataDir, tenantId);
  };
  const restored = restoredDirectories(pathOf, (path) => purgeDir(path, settings, trash));
  return {
    create: async ({ tenantId, user, skeleton }) => {
      const path = pathOf(tenantId);
      const owner = user === 'dynamic' ? users.ownerFor(tenantId, settings.dynamicUids) : null;
      if (skeleton === null) await makeNewDirectory(path, owner);
      else await makeFromSkeleton(path, owner, skeleton, { ...settings, trash });
      return owner?.uid ?? null;
    },
    delete: async (tenantId) => {
      for (const path of restored.pathsOf(tenantId)) purgeDir(path, settings, trash);
      purgeDir(pathOf(tenantId), settings, trash);
      users.forget(tenantId);
    },
    ...restored.verbs,
  };
}
