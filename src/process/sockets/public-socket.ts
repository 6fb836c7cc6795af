/**
 * The swap of the public socket. rename(2) and link(2) do not disturb a listening Unix socket, so what listens at
 * the public path changes in one step: the activation socket while the instance is not ready, the child's own while it is.
 */
import { chmodSync, chownSync, linkSync, lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import type { SocketAccess } from '../../core/service/service.ts';
import { ensurePublicDir } from '../storage/directories.ts';
import type { Trash } from '../storage/trash.ts';
import { trashBeside } from './bind-dir.ts';

/** Of a mode, without the kind of file. */
const MODE_BITS = 0o7777;

export interface SocketPaths {
  /** What the child binds, in a directory that is the child's; the name stays the child's to change and remove. */
  readonly bindSocket: string;
  /** The same file by a name in a directory of tenement's own: nothing can be put in its place. */
  readonly upstreamSocket: string;
  /** What others connect to: another name of the same file. */
  readonly publicSocket: string;
}

/**
 * Gives the child's socket a name where nothing can be put in its place, and leaves the one that the child bound, by which
 * it may change its mode; keeps the name that an earlier server gave it.
 * @throws {Error} when that cannot be done, or when it is no socket.
 */
export function takeOverSocket(paths: Omit<SocketPaths, 'publicSocket'>, trash: Trash): void {
  const { bindSocket, upstreamSocket } = paths;
  if (!isThere(upstreamSocket)) linkItself(bindSocket, upstreamSocket);
  // Looked at by the new name: the child can lay something else at the old one at any moment.
  if (statOf(upstreamSocket)?.isSocket() === true) return;
  trash.discard(upstreamSocket, trashBeside(dirname(upstreamSocket)));
  throw new NoSocketError(bindSocket);
}

/** link(2): of a symbolic link, the link itself. @throws {Error} */
function linkItself(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    // A directory can have no second name.
    if (statOf(from)?.isDirectory() === true) throw new NoSocketError(from);
    throw error;
  }
}

class NoSocketError extends Error {
  constructor(path: string) {
    super(`${path} is not a socket`);
  }
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

/**
 * Grants it again where its process has changed it by the name that it bound: servers set a mode after listen(2) (uvicorn:
 * 0666). Never throws: what cannot be done is tried again at the next look. `stat`: what the socket is now.
 */
export function keepAccess(path: string, stat: Stats, access: SocketAccess): void {
  const { socketMode, socketGroup } = access;
  const isGranted = (stat.mode & MODE_BITS) === socketMode && (socketGroup === null || stat.gid === socketGroup);
  if (isGranted) return;
  try {
    grantAccess(path, access);
  } catch {
    // It has gone meanwhile, or its file system is read-only now.
  }
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
