/** Tenants as backups need them. */
import type { TenantBackups } from '../../core/backup/backup-face.ts';
import { TenementError } from '../../errors.ts';
import { type ArchiveVerbsDeps, aloneBy } from '../archives/archive-verbs.ts';
import { foundTenant } from '../tenants/tenant-list.ts';
import { backUpTenant } from './back-up.ts';
import { makeOfBackup } from './make-of.ts';
import { markOf } from './mark.ts';
import { putBack } from './put-back.ts';

/** @param deps returns what verbs need */
export function tenantBackups(deps: () => ArchiveVerbsDeps): TenantBackups {
  const parts = () => deps().parts;
  return {
    ids: () =>
      parts()
        .tenants.list()
        .map(({ id }) => id),
    has: (tenantId) => parts().tenants.get(tenantId) !== null,
    markOf: (tenantId) => markOf(tenantId, parts()),
    backup: (tenantId, { by, signal }, deliver) =>
      backUpTenant(tenantId, deliver, aloneBy(deps(), by)('backup', signal)),
    putBack: (tenantId, { by, signal }, bytes) => putBack(tenantId, bytes, aloneBy(deps(), by)('restore', signal)),
    makeOf: (tenantId, { by, signal, start }, bytes) =>
      makeOfBackup(tenantId, bytes, { start }, aloneBy(deps(), by)('restore', signal)),
    discard: async (tenantId, by) => {
      const { tenantLocks, deps: around } = parts();
      deps().life.assertOpen();
      foundTenant(tenantId, parts());
      await tenantLocks.withTenant(tenantId, async () => {
        const path = around.tenantDirectories.keptBefore(tenantId);
        if (path === null)
          throw new TenementError('unknown_backup', `no restore of ${tenantId} has kept anything`, {
            hint: 'A restore keeps the former directory until this is run once.',
          });
        around.tenantDirectories.discardKept(tenantId);
        const about = { atMs: around.clock.nowMs(), instance: null, tenant: tenantId, by };
        const message = 'what a restore has kept is deleted';
        around.events.append({ ...about, type: 'restore-discarded', message, data: { path } });
      });
    },
  };
}
