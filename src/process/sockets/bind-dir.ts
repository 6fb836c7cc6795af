/**
 * The directory that a child binds its socket in. The tenant may write to it, so it is only ever made anew and put aside,
 * never looked into.
 */
import { chownSync, lstatSync, realpathSync, renameSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasBindSocketForm } from '../../core/service/socket-path.ts';
import { ensurePrivateDir, ensurePublicDir, ensureSocketParent, isOurDir, type Owner } from '../storage/directories.ts';
import type { Trash } from '../storage/trash.ts';

/** On the same file system as what children bind, and entered by nobody but the server. `parent`: where that lies. */
export function trashBeside(parent: string): string {
  return join(parent, '.trash');
}

/** Deletes what earlier processes left beside this one's directory. */
export function sweepBindDirs(bindSocket: string, trash: Trash): void {
  trash.sweep(trashBeside(dirname(dirname(bindSocket))));
}

/** An empty directory for the child to bind in; what an earlier process left there goes. @throws {Error} */
export function freshBindDir(bindSocket: string, owner: Owner | null, trash: Trash): void {
  const dir = dirname(bindSocket);
  const parent = dirname(dir);
  // The directory of the public socket is for those who connect; only what lies in it is private.
  ensurePublicDir(dirname(parent));
  ensureSocketParent(parent);
  sweepBindDirs(bindSocket, trash);
  trash.clear(dir, trashBeside(parent));
  ensurePrivateDir(dir);
  if (owner !== null) chownSync(dir, owner.uid, owner.gid);
}

/** Removes it, but never through a link or a directory of another user in its parent's place. @throws {Error} */
export function removeBindDir(bindSocket: string, trash: Trash): void {
  const dir = dirname(bindSocket);
  const parent = dirname(dir);
  if (!isOurDir(parent)) return;
  removeSocket(bindSocket, trash);
  trash.clear(dir, trashBeside(parent));
}

/** Mostly there is nothing else, and an empty directory needs no rm(1). Looked at where the tenant cannot exchange it. */
function removeSocket(bindSocket: string, trash: Trash): void {
  const dir = dirname(bindSocket);
  const aside = `${dir}.old`;
  try {
    renameSync(bindSocket, aside);
  } catch {
    // It has removed it itself, or it goes with the directory.
    return;
  }
  if (lstatSync(aside).isSocket()) unlinkSync(aside);
  else trash.discard(aside, trashBeside(dirname(dir)));
}

/**
 * Whether a server of this user may have told a process to bind there. What a process says of itself, in its
 * environment, is otherwise no reason to remove anything.
 */
export function isBindSocket(path: string): boolean {
  if (!hasBindSocketForm(path, process.getuid?.() ?? 0)) return false;
  const parent = dirname(dirname(path));
  try {
    // By another name it could be the directory of another instance.
    return isOurDir(parent) && realpathSync(parent) === parent;
  } catch {
    return false;
  }
}
