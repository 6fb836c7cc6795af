/** The directories of a tenant and of its sockets: made, checked, removed. Sync: each is a few system calls. */
import { chmodSync, lstatSync, mkdirSync, rmSync, unlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A directory that is not what it must be; the message says why. */
export class DirectoryError extends Error {}

/** Makes a directory of our own, mode 0700, or checks that it is one. @throws {DirectoryError} */
export function ensurePrivateDir(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  if (!stat.isDirectory()) throw new DirectoryError(`${path} is not a directory`);
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== uid) throw new DirectoryError(`${path} belongs to another user`);
  if ((stat.mode & 0o777) !== 0o700) chmodSync(path, 0o700);
}

/** The tenant directory and its TMPDIR. */
export function ensureTenantDir(tenantDir: string): { tmpDir: string } {
  const tmpDir = join(tenantDir, '.tmp');
  ensurePrivateDir(tenantDir);
  ensurePrivateDir(tmpDir);
  return { tmpDir };
}

/** An empty directory for the child to bind in; what an earlier process left there goes. */
export function freshBindDir(bindSocket: string): void {
  const dir = dirname(bindSocket);
  // The directory of the public socket is for those who connect; only what lies in it is private.
  mkdirSync(dirname(dirname(dir)), { recursive: true });
  ensurePrivateDir(dirname(dir));
  rmSync(dir, { recursive: true, force: true });
  ensurePrivateDir(dir);
}

/** Removes it, but never through a link or a directory of another user in its parent's place. */
export function removeBindDir(bindSocket: string): void {
  const dir = dirname(bindSocket);
  const parent = lstatSync(dirname(dir), { throwIfNoEntry: false });
  if (!parent?.isDirectory() || parent.uid !== (process.getuid?.() ?? parent.uid)) return;
  rmSync(dir, { recursive: true, force: true });
}

/** Deletes a tenant's directory; of a symbolic link only the link. */
export async function deleteDir(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (stat.isSymbolicLink()) unlinkSync(path);
  else await rm(path, { recursive: true, force: true });
}
