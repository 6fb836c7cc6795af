/** Makes a tenant of a backup: one that was unregistered, or another one. */
import type { CopyTotals } from '../../core/archive/copies.ts';
import { parseManifest } from '../../core/archive/manifest.ts';
import { assertTenantId } from '../../core/tenants/tenant.ts';
import type { NewFromCopy } from '../../core/verbs/tenant-verbs.ts';
import { ArchivedDomains } from '../archives/archived-domains.ts';
import { afterRegistration } from '../archives/finished.ts';
import { tenantFrom } from '../archives/import.ts';
import { assertFree, makeTenant } from '../archives/new-tenant.ts';
import type { Alone, Running } from '../archives/running.ts';
import { secretsOfBackup } from './backed-up-secrets.ts';

export async function makeOfBackup(
  tenantId: string,
  bytes: AsyncIterable<Uint8Array>,
  { start }: { readonly start?: boolean | undefined },
  alone: Alone,
): Promise<NewFromCopy & CopyTotals> {
  assertTenantId(tenantId);
  const { registered, notes, running, totals } = await alone([tenantId], async (running) => {
    const { parts, archives, signal, progress } = running;
    assertFree(tenantId, parts);
    const { head, stream } = await archives.readPlain(bytes);
    const manifest = parseManifest(head.manifest);
    const total = { files: manifest.files, bytes: manifest.bytes };
    progress.total = total;
    const notes: string[] = [];
    const secrets = await secretsOfBackup(manifest.tenant.id, head.secrets, notes, parts);
    const tenant = await tenantFrom(tenantId, manifest, { secrets }, notes, running);
    const onProgress = (done: Running['progress']['done']) => void Object.assign(progress, { done });
    const options = { maxBytes: null, isArchive: false, signal, onProgress };
    const domains = new ArchivedDomains(tenantId, manifest, parts);
    const registered = await makeTenant({ ...tenant, domains }, archives, parts, async ({ service }) => ({
      made: await archives.make({ tenantId, service }, stream, options),
    }));
    notes.push(...(await domains.told(running.by)));
    return { registered, notes, running, totals: progress.done ?? total };
  });
  return { ...(await afterRegistration(tenantId, registered, { start, notes }, running)), ...totals };
}
