/**
 * Swaps the public socket. rename(2) and link(2) do not disturb a listening Unix socket, so the listener at the public
 * path changes in one step: the child's own socket while the instance is ready, an activation socket otherwise.
 */
import { chmodSync, chownSync, linkSync, lstatSync, renameSync, rmSync, type Stats, statSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import type { SocketAccess, SocketPolicy } from '../../core/service/service.ts';
import { ensurePublicDir } from '../storage/directories.ts';
import type { Trash } from '../storage/trash.ts';
import { trashBeside } from './bind-dir.ts';

/** The permission bits of a mode, without the file type. */
const MODE_BITS = 0o7777;

/** Of a child's socket that only the server connects to. A server whose tenants are other users is root. */
const SERVER_ONLY: SocketAccess = { socketMode: 0o600, socketGroup: null };

export interface SocketPaths {
  /** The path that the child binds, in a directory of its own. The child may change or remove this name. */
  readonly bindSocket: string;
  /** Another name of the same file, in a directory that only tenement writes, so that no other file can replace it. */
  readonly upstreamSocket: string;
  /** A third name of the same file, which clients connect to. */
  readonly publicSocket: string;
}

/**
 * Links the child's socket into a directory where no other file can replace it. The name that the child bound stays, so
 * that the child may change its mode by it. A link that an earlier server made is kept.
 * @throws {Error} when linking fails, or when the file is no socket
 */
export function takeOverSocket(paths: Omit<SocketPaths, 'publicSocket'>, trash: Trash): void {
  const { bindSocket, upstreamSocket } = paths;
  if (!isThere(upstreamSocket)) linkItself(bindSocket, upstreamSocket);
  // Checked under the new name: the child can put another file at the old one at any moment.
  if (statOf(upstreamSocket)?.isSocket() === true) return;
  trash.discard(upstreamSocket, trashBeside(dirname(upstreamSocket)));
  throw new NoSocketError(bindSocket);
}

/** Links a path; link(2) does not follow a symbolic link. @throws {Error} of link(2), or when `from` is a directory */
function linkItself(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    // link(2) gives a directory no second name.
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
 * @throws {Error} when that fails
 */
export function publishSocket(paths: Omit<SocketPaths, 'bindSocket'>, access: SocketAccess): void {
  const { upstreamSocket, publicSocket } = paths;
  grantAccess(upstreamSocket, access);
  if (isPublished(paths)) return;
  const name = `${upstreamSocket}.new`;
  // Both remedies are rare: a killed server left its link, or somebody removed the public directory.
  tryAgainAfter(
    'EEXIST',
    () => linkSync(upstreamSocket, name),
    () => rmSync(name, { force: true }),
  );
  const makeDir = () => ensurePublicDir(dirname(publicSocket));
  tryAgainAfter('ENOENT', () => renameSync(name, publicSocket), makeDir);
}

/** Does `work`. When that fails with `code`, does `remedy` and tries once more. */
function tryAgainAfter(code: string, work: () => void, remedy: () => unknown): void {
  try {
    work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
    remedy();
    work();
  }
}

/** Lets others connect to a socket in a directory of tenement's own. */
export function grantAccess(path: string, { socketMode, socketGroup }: SocketAccess): void {
  if (socketGroup !== null) chownSync(path, -1, socketGroup);
  chmodSync(path, socketMode);
}

/** Returns who may connect to the child's own socket under a policy. */
export function accessUnder(policy: SocketPolicy): SocketAccess {
  return policy.publicSocket === 'proxied' ? SERVER_ONLY : policy;
}

/**
 * Grants access again after the process has changed the mode under the name that it bound. Servers set a mode after
 * listen(2) (uvicorn: 0666). Never throws; a failure is retried at the next look.
 * @param stat the state of the socket now
 */
export function keepAccess(path: string, stat: Stats, access: SocketAccess): void {
  const { socketMode, socketGroup } = access;
  const isGranted = (stat.mode & MODE_BITS) === socketMode && (socketGroup === null || stat.gid === socketGroup);
  if (isGranted) return;
  try {
    grantAccess(path, access);
  } catch {
    // The socket is gone, or its file system is read-only now.
  }
}

/** Removes the child's socket, and the public path if it still leads to that socket. */
export function withdrawSocket(upstreamSocket: string, publicSocket: string | null, trash: Trash): void {
  if (publicSocket !== null && isPublished({ upstreamSocket, publicSocket })) rmSync(publicSocket, { force: true });
  const stat = statOf(upstreamSocket);
  // A tenant that runs as the server's user could put a directory there.
  if (stat?.isDirectory()) trash.clear(upstreamSocket, trashBeside(dirname(upstreamSocket)));
  else rmSync(upstreamSocket, { force: true });
}

/** Whether the public path leads to the child. */
export function isPublished({ upstreamSocket, publicSocket }: Omit<SocketPaths, 'bindSocket'>): boolean {
  const own = statOf(upstreamSocket);
  return own !== undefined && isSameFile(publicSocket, own);
}

/** Whether `path` still names this file. */
export function isSameFile(path: string, file: Pick<Stats, 'dev' | 'ino'>): boolean {
  const stat = statOf(path);
  return stat !== undefined && stat.dev === file.dev && stat.ino === file.ino;
}

export function isThere(path: string): boolean {
  return statOf(path) !== undefined;
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

export interface ListenInPlaceOptions {
  /** Path to bind. libuv removes this name when the listener closes, so it must not be `path`. */
  readonly bindName: string;
  readonly path: string;
  readonly backlog?: number;
  /** Decides who may connect to the socket at `bindName`, before anybody finds it. */
  prepare(bindName: string): void;
}

/**
 * Listens, and replaces what is at the path in one step.
 * @returns the socket's file
 * @throws {Error} when that fails; the server is closed then
 */
export function listenInPlace(
  server: Server,
  { bindName, path, backlog, prepare }: ListenInPlaceOptions,
): Pick<Stats, 'dev' | 'ino'> {
  // listen() binds before it returns. `listening` tells whether it failed, and the error event why.
  server.listen({ path: bindName, ...(backlog !== undefined && { backlog }) });
  if (!server.listening) throw new Error(`cannot listen at ${bindName}`);
  server.unref();
  try {
    prepare(bindName);
    const { dev, ino } = statSync(bindName);
    renameSync(bindName, path);
    return { dev, ino };
  } catch (error) {
    server.close();
    throw error;
  }
}
