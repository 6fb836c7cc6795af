/** Makes and checks directories of the server and of tenants. Synchronous: each takes a few system calls. */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { privateDir } from '../../core/service/socket-path.ts';

/** A directory that is not what it must be; the message says why. */
export class DirectoryError extends Error {}

/** User and group of a directory. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Mode of a directory that only its owner may enter. */
const PRIVATE = 0o700;
/** Mode of a directory that others may pass through but not list. */
const PASSABLE = 0o711;
const PUBLIC = 0o755;

/** Makes a directory of the server's own, or checks an existing one and sets its mode. @throws {DirectoryError} */
export function ensurePrivateDir(path: string, mode = PRIVATE): void {
  mkdirSync(path, { recursive: true, mode });
  const stat = lstatSync(path);
  if (!stat.isDirectory()) throw new DirectoryError(`${path} is not a directory`);
  assertOurs(path, stat.uid);
  if ((stat.mode & 0o777) !== mode) chmodSync(path, mode);
}

/** Whether a path is a directory, not a link to one, and belongs to the server's user. */
export function isOurDir(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === (process.getuid?.() ?? stat.uid);
}

function assertOurs(path: string, uid: number): void {
  if (uid !== (process.getuid?.() ?? uid)) throw new DirectoryError(`${path} belongs to another user`);
}

/**
 * Makes a missing directory for public sockets, which others may pass through whatever the umask. An existing directory
 * keeps its mode, because it may be a shared one such as /tmp.
 */
export function ensurePublicDir(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, PUBLIC);
}

/** Makes the directory that holds the tenants' bind directories. @throws {DirectoryError} */
export function ensureSocketParent(path: string): void {
  ensurePrivateDir(path, PASSABLE);
}

/** Makes a directory for public sockets, and tenement's private directory in it. @throws {DirectoryError} */
export function ensureSocketDirs(publicDir: string): void {
  ensurePublicDir(publicDir);
  ensureSocketParent(privateDir(publicDir, process.getuid?.() ?? 0));
}

/** Returns the TMPDIR of a tenant. */
export function tmpDirIn(tenantDir: string): string {
  return join(tenantDir, '.tmp');
}

/** Whether a tenant directory and its TMPDIR are there, whoever owns them. */
export function hasTenantDir(tenantDir: string): boolean {
  return [tenantDir, tmpDirIn(tenantDir)].every(
    (path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
  );
}

/** Makes the tenant directory and its TMPDIR. @param owner the tenant's own user; null: the server's */
export function ensureTenantDir(tenantDir: string, owner: Owner | null): { tmpDir: string } {
  const tmpDir = tmpDirIn(tenantDir);
  mkdirSync(dirname(tenantDir), { recursive: true });
  ensureOwnedDir(tenantDir, owner);
  ensureOwnedDir(tmpDir, owner);
  return { tmpDir };
}

/**
 * Makes or adopts a directory; ownership.ts changes its contents before. The tenant may put a link at this path at any
 * moment, so the change goes to the opened directory and not to whatever the path leads to by then.
 */
function ensureOwnedDir(path: string, owner: Owner | null): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { mode: PRIVATE });
  const fd = openDir(path);
  try {
    const { uid, mode } = fstatSync(fd);
    if (owner === null) assertOurs(path, uid);
    else if (uid !== owner.uid) give(fd, path, owner);
    if ((mode & 0o777) !== PRIVATE) fchmodSync(fd, PRIVATE);
  } finally {
    closeSync(fd);
  }
}

/** Opens a directory without following a link. @throws {DirectoryError} */
export function openDir(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DirectoryError(code === 'ENOTDIR' || code === 'ELOOP' ? `${path} is not a directory` : String(error));
  }
}

function give(fd: number, path: string, owner: Owner): void {
  try {
    fchownSync(fd, owner.uid, owner.gid);
  } catch (error) {
    throw new DirectoryError(`${path} cannot be given to user ${owner.uid}: ${String(error)}`);
  }
}
