/** Reads whom an archive is of, so that a command can import it under the same id. */
import { parseManifest } from '../core/archive/manifest.ts';

/** @returns the tenant's id, and the whole archive. @throws {TenementError} `bad_archive` */
export async function readArchiveId(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ readonly id: string; readonly bytes: AsyncIterable<Uint8Array> }> {
  const { readHead } = await import('../archive/head.ts');
  const { head, stream } = await readHead(bytes);
  return { id: parseManifest(head.manifest).tenant.id, bytes: stream };
}
