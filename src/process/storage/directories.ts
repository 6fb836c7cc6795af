/** Directories of the server and of tenants: made and checked. Sync: each is a few system calls. */
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

/** Who has a directory. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What only its owner may enter. */
const PRIVATE = 0o700;
/** What others may pass through, to what is theirs in it, but not list. */
const PASSABLE = 0o711;
const PUBLIC = 0o755;

/** Makes a directory of our own, mode 0700, or checks that it is one. @throws {DirectoryError} */
export function ensurePrivateDir(path: string, mode = PRIVATE): void {
  mkdirSync(path, { recursive: true, mode });
  const stat = lstatSync(path);
  if (!stat.isDirectory()) throw new DirectoryError(`${path} is not a directory`);
  assertOurs(path, stat.uid);
  if ((stat.mode & 0o777) !== mode) chmodSync(path, mode);
}

/** Whether it is a directory, and not a link to one, that belongs to the server's user. */
export function isOurDir(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === (process.getuid?.() ?? stat.uid);
}

function assertOurs(path: string, uid: number): void {
  if (uid !== (process.getuid?.() ?? uid)) throw new DirectoryError(`${path} belongs to another user`);
}

/**
 * Makes a directory for public sockets where there is none, which others may pass through whatever the umask. One that
 * is there keeps its mode: it may be anybody's, /tmp for one.
 */
export function ensurePublicDir(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) chmodSync(made, PUBLIC);
}

/** In which the directories lie that tenants bind in. @throws {DirectoryError} */
export function ensureSocketParent(path: string): void {
  ensurePrivateDir(path, PASSABLE);
}

/** A directory for public sockets, and what is tenement's own in it. @throws {DirectoryError} */
export function ensureSocketDirs(publicDir: string): void {
  ensurePublicDir(publicDir);
  ensureSocketParent(privateDir(publicDir, process.getuid?.() ?? 0));
}

/** The tenant directory and its TMPDIR. `owner`: the tenant's own user, null: the server's. */
export function ensureTenantDir(tenantDir: string, owner: Owner | null): { tmpDir: string } {
  const tmpDir = join(tenantDir, '.tmp');
  mkdirSync(dirname(tenantDir), { recursive: true });
  ensureOwnedDir(tenantDir, owner);
  ensureOwnedDir(tmpDir, owner);
  return { tmpDir };
}

/**
 * What lies in it is given by ownership.ts before. The tenant may put a link in the place of what
 * lies in its directory at any moment, so what was opened is changed, and not what its name leads to by then.
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

/** Never by a link. @throws {DirectoryError} */
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
