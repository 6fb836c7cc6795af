/**
 * Puts the directory of a registered tenant back as a backup has it. It is made beside the tenant's while that serves, and
 * takes its place while requests are held.
 */
import { type Manifest, parseManifest } from '../../core/archive/manifest.ts';
import type { PutBack } from '../../core/backup/backup-face.ts';
import { TenementError } from '../../errors.ts';
import { sourceOf } from '../archives/capturing.ts';
import type { Alone, Running } from '../archives/running.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import { foundTenant } from '../tenants/tenant-list.ts';
import { settle } from './settle.ts';

export function putBack(tenantId: string, bytes: AsyncIterable<Uint8Array>, alone: Alone): Promise<PutBack> {
  return alone([tenantId], async (running) => {
    const { parts, archives, signal, progress } = running;
    const { tenantDirectories, registry, clock } = parts.deps;
    const { service } = sourceOf(foundTenant(tenantId, parts), parts);
    assertNothingKept(tenantId, parts);
    const { head, stream } = await archives.readPlain(bytes);
    progress.total = totalsOf(tenantId, parseManifest(head.manifest));
    const operation = { kind: 'restore', step: 'files', startedAtMs: clock.nowMs() } as const;
    await registry.whenWritable(() => parts.tenants.commit({ tenantId, operation }));
    try {
      const onProgress = (done: Running['progress']['done']) => void Object.assign(progress, { done });
      const options = { maxBytes: null, isArchive: false, signal, onProgress };
      const made = await archives.make({ tenantId, service }, stream, options);
      await archives.place(made, tenantDirectories.restoredName(tenantId));
      const swap = async () => tenantDirectories.swapIn(tenantId);
      const keptAs = await parts.tenantHolds.during(tenantId, signal, swap);
      const { files, bytes: size } = progress.done ?? progress.total;
      return { files, bytes: size, keptAs, notes: [] };
    } finally {
      await settle(tenantId, { ...parts.deps, tenants: parts.tenants });
    }
  });
}

/** @throws {TenementError} `already_exists` */
function assertNothingKept(tenantId: string, { deps }: SupervisorParts): void {
  const kept = deps.tenantDirectories.keptBefore(tenantId);
  if (kept === null) return;
  throw new TenementError('already_exists', `${kept} is there, which an earlier restore has kept`, {
    hint: `\`tenement restore ${tenantId} --discard\` deletes it. To compare first, restore to another tenant with --id.`,
  });
}

/** @throws {TenementError} `bad_archive` */
function totalsOf(tenantId: string, { tenant, files, bytes }: Manifest) {
  if (tenant.id === tenantId) return { files, bytes };
  throw new TenementError('bad_archive', `the backup is refused: it is one of ${tenant.id}`);
}
