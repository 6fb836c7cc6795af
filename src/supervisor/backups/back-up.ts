/** Reads a tenant for a backup: its manifest, its secrets as they are in the registry, and its directory. */
import type { BackupStream } from '../../core/backup/backup-face.ts';
import type { SealedSecret } from '../../core/secrets/sealed-secret.ts';
import { withSource } from '../archives/capturing.ts';
import { bytesOf, manifestFor } from '../archives/export.ts';
import { leftOutNotes } from '../archives/finished.ts';
import type { Alone, Running } from '../archives/running.ts';
import { foundTenant } from '../tenants/tenant-list.ts';

export function backUpTenant<Value>(
  tenantId: string,
  deliver: (stream: BackupStream) => Promise<Value>,
  alone: Alone,
): Promise<Value> {
  return alone([tenantId], async (running) => {
    const { parts, archives, signal, progress } = running;
    const record = foundTenant(tenantId, parts);
    return withSource(record, { still: false, signal }, archives, parts, async (source, leftOut) => {
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      const onProgress = (done: Running['progress']['done']) => void Object.assign(progress, { done });
      const capture = await archives.capture(source, {
        withoutLinksOut: false,
        compressed: false,
        signal: either,
        onProgress,
      });
      progress.total = capture.totals;
      const report = capture.report.then(({ files, bytes, leftOut: own, leftOutCount }) => {
        const notes = leftOutNotes([...leftOut, ...own], leftOutCount + leftOut.length);
        return { files, bytes, notes };
      });
      report.catch(() => {});
      try {
        const sealed = parts.deps.secrets.list(tenantId);
        const manifest = `${JSON.stringify(manifestFor(record, capture, sealed.length > 0, parts), null, 2)}\n`;
        const secrets = sealed.length === 0 ? null : `${JSON.stringify(sealed.map(writtenSecret))}\n`;
        const head = await archives.plainHeadOf({ manifest, secrets });
        return await deliver({ bytes: bytesOf(head, capture), report });
      } finally {
        stop.abort();
      }
    });
  });
}

/** Encrypted as it is: without the server's key a stolen backup shows no value. */
function writtenSecret({ sealed, ...secret }: SealedSecret) {
  return { ...secret, sealed: Buffer.from(sealed).toString('base64') };
}
