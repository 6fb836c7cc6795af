/**
 * The directory that a child binds its socket in. The tenant may write to it, so the server only creates it and moves
 * it away, and never reads it.
 */
import { chownSync, lstatSync, realpathSync, renameSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasBindSocketForm } from '../../core/service/socket-path.ts';
import { ensurePrivateDir, ensurePublicDir, ensureSocketParent, isOurDir, type Owner } from '../storage/directories.ts';
import type { Trash } from '../storage/trash.ts';

/** A directory that only the server enters, on the same file system as the bind directories in `parent`. */
export function trashBeside(parent: string): string {
  return join(parent, '.trash');
}

/** Deletes the bind directories that earlier processes left beside this one's. */
export function sweepBindDirs(bindSocket: string, trash: Trash): void {
  trash.sweep(trashBeside(dirname(dirname(bindSocket))));
}

/**
 * Makes an empty directory for the child to bind in, and discards an earlier process's. @throws {Error} when that fails
 */
export function freshBindDir(bindSocket: string, owner: Owner | null, trash: Trash): void {
  const dir = dirname(bindSocket);
  const parent = dirname(dir);
  // Clients must reach the directory of the public socket; only the parent of the bind directories is private.
  ensurePublicDir(dirname(parent));
  ensureSocketParent(parent);
  sweepBindDirs(bindSocket, trash);
  trash.clear(dir, trashBeside(parent));
  ensurePrivateDir(dir);
  if (owner !== null) chownSync(dir, owner.uid, owner.gid);
}

/**
 * Removes the bind directory, but not through a link or another user's directory at its parent's path. @throws {Error}
 */
export function removeBindDir(bindSocket: string, trash: Trash): void {
  const dir = dirname(bindSocket);
  const parent = dirname(dir);
  if (!isOurDir(parent)) return;
  removeSocket(bindSocket, trash);
  trash.clear(dir, trashBeside(parent));
}

/**
 * Unlinks the socket, so that an otherwise empty directory needs no rm(1). The socket is first moved out of the
 * tenant's reach.
 */
function removeSocket(bindSocket: string, trash: Trash): void {
  const dir = dirname(bindSocket);
  const aside = `${dir}.old`;
  try {
    renameSync(bindSocket, aside);
  } catch {
    // The child has removed its socket, or the socket goes with the directory.
    return;
  }
  if (lstatSync(aside).isSocket()) unlinkSync(aside);
  else trash.discard(aside, trashBeside(dirname(dir)));
}

/**
 * Whether a server of this user may have told a process to bind at this path. A process's own environment is no
 * sufficient reason to remove anything.
 */
export function isBindSocket(path: string): boolean {
  if (!hasBindSocketForm(path, process.getuid?.() ?? 0)) return false;
  const parent = dirname(dirname(path));
  try {
    // Under another name it could be the directory of another instance.
    return isOurDir(parent) && realpathSync(parent) === parent;
  } catch {
    return false;
  }
}
