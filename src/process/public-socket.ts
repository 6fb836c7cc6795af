/**
 * The swap of the public socket. rename(2) moves a listening Unix socket without disturbing it, so what listens at
 * the public path changes in one step: the doorbell while the instance is not ready, the child's own while it is.
 */
import { chmodSync, chownSync, linkSync, lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import type { SocketAccess } from '../core/service.ts';
import { trashBeside } from './bind-dir.ts';
import { ensurePublicDir } from './directories.ts';
import type { Trash } from './trash.ts';

export interface SocketPaths {
  /** What the child binds, in a directory that is the child's. */
  readonly bindSocket: string;
  /** Where it lies from then on, in a directory of tenement's own: nothing can be put in its place. */
  readonly upstreamSocket: string;
  /** What others connect to: another name of the same file. */
  readonly publicSocket: string;
}

/**
 * Moves the child's socket to where nothing can be put in its place; does nothing when an earlier server did.
 * @throws {Error} when it cannot be moved, or is no socket.
 */
export function takeOverSocket(paths: Omit<SocketPaths, 'publicSocket'>, trash: Trash): void {
  const { bindSocket, upstreamSocket } = paths;
  if (isThere(upstreamSocket)) return;
  renameSync(bindSocket, upstreamSocket);
  // Looked at after the move: before it, the child could still lay something else there.
  if (lstatSync(upstreamSocket).isSocket()) return;
  trash.discard(upstreamSocket, trashBeside(dirname(upstreamSocket)));
  throw new Error(`${bindSocket} is not a socket`);
}

/**
 * Puts a socket that was taken over at the public path, in one step.
 * @throws {Error} when that cannot be done
 */
export function publishSocket(paths: Omit<SocketPaths, 'bindSocket'>, access: SocketAccess): void {
  const { upstreamSocket, publicSocket } = paths;
  grantAccess(upstreamSocket, access);
  if (isPublished(paths)) return;
  const name = `${upstreamSocket}.new`;
  // What a server that was killed has left goes, a directory that somebody removed is made again: both are rare.
  tryAgainAfter(
    'EEXIST',
    () => linkSync(upstreamSocket, name),
    () => rmSync(name, { force: true }),
  );
  const makeDir = () => ensurePublicDir(dirname(publicSocket));
  tryAgainAfter('ENOENT', () => renameSync(name, publicSocket), makeDir);
}

/** Does it; where that fails so, once more after `remedy`. */
function tryAgainAfter(code: string, work: () => void, remedy: () => unknown): void {
  try {
    work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
    remedy();
    work();
  }
}

/** Lets others connect to a socket that lies in a directory of tenement's own. */
export function grantAccess(path: string, { socketMode, socketGroup }: SocketAccess): void {
  if (socketGroup !== null) chownSync(path, -1, socketGroup);
  chmodSync(path, socketMode);
}

/** Removes the child's socket, and its public name unless something else has that by now. */
export function withdrawSocket(upstreamSocket: string, publicSocket: string | null, trash: Trash): void {
  if (publicSocket !== null && isPublished({ upstreamSocket, publicSocket })) rmSync(publicSocket, { force: true });
  const stat = statOf(upstreamSocket);
  // With the server's own user a tenant could lay something else there.
  if (stat?.isDirectory()) trash.clear(upstreamSocket, trashBeside(dirname(upstreamSocket)));
  else rmSync(upstreamSocket, { force: true });
}

/** Whether the public path leads to the child. */
export function isPublished({ upstreamSocket, publicSocket }: Omit<SocketPaths, 'bindSocket'>): boolean {
  const own = statOf(upstreamSocket);
  return own !== undefined && isFile(publicSocket, own);
}

/** Whether that file still has that name. */
export function isFile(path: string, file: Pick<Stats, 'dev' | 'ino'>): boolean {
  const stat = statOf(path);
  return stat !== undefined && stat.dev === file.dev && stat.ino === file.ino;
}

export function isThere(path: string): boolean {
  return statOf(path) !== undefined;
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
