/** What of the machine's files a tenant sees behind walls, whatever builds them. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { HiddenPaths } from '../../core/service/hidden-paths.ts';
import {
  alsoAt,
  HIDDEN,
  isOfHost,
  type Kind,
  kindAt,
  type Layer,
  layersFor,
  OverlapError,
  type Places,
  SCRATCH,
} from '../../core/service/layers.ts';
import { depthOf, isWithinAny, upwards } from '../../core/service/paths.ts';
import { programCandidates } from '../../core/service/program.ts';
import { isFile, lookAtName } from '../storage/files.ts';
import { closedToOthers } from './dynamic-user.ts';

export interface FilesystemView {
  readonly tenantId: string;
  readonly tenantDir: string;
  /** Where it binds its socket. */
  readonly bindDir: string;
  readonly workdir: string;
  /** What it runs, and the PATH by which that is found. */
  readonly program: string;
  readonly args: readonly string[];
  readonly path: string;
  readonly hiddenPaths: HiddenPaths;
  /** Directories of its cgroup, one for each controller with version 1. */
  readonly cgroupDirs: readonly string[];
  /** Where sockets of the host lie now. */
  readonly sockets: readonly string[];
  /** The only paths of the host that are there; null: all but what is hidden. */
  readonly readOnlyPaths: readonly string[] | null;
  /** Of the host, to write in. */
  readonly readWritePaths: readonly string[];
  /** Of the host, to connect to: sockets, or directories of such. */
  readonly openSockets: readonly string[];
  /** Of each directory that it has in memory. */
  readonly tmpBytes: number;
  readonly network: 'host' | 'none';
  /** The user that opens the files, where it is another than the server's: what it may not enter cannot be shown. */
  readonly opener: number | null;
}

/** unix(7): to connect takes that right. */
const OTHERS_MAY_WRITE = 0o002;
/** Part of /run that resolving names takes (systemd-resolved(8)). */
const RESOLVER = '/run/systemd/resolve';
/** Those of the tenant's own take their place. */
const OWN_FILES = ['/proc', '/dev'];

/**
 * Each lies over those before it.
 * @throws {OverlapError} when what the config names lies in what has to be hidden, or the other way round
 */
export function layersOf(view: FilesystemView): Layer[] {
  const places = placesOf(view);
  const layers = layersFor(places);
  const named = namedPaths(view);
  assertThere(view);
  for (const path of named) assertSeen(path, view.opener, layers, places);
  const names = [...named, view.tenantDir, view.bindDir, ...programPaths(view)];
  return names.reduce((all, name) => withName(name, all, places.wholeHost), layers);
}

/** What the config says that a tenant is to see. */
function namedPaths({ workdir, readOnlyPaths, readWritePaths, openSockets }: FilesystemView): string[] {
  return [workdir, ...(readOnlyPaths ?? []), ...readWritePaths, ...openSockets];
}

/** What is not there cannot be shown, also when it comes later. @throws {Error} */
function assertThere({ readWritePaths, openSockets }: FilesystemView): void {
  for (const path of [...readWritePaths, ...openSockets])
    if (!existsSync(path)) throw new Error(`${path}, which the config names, is not there`);
  for (const path of openSockets) {
    const stat = statSync(path);
    if (!stat.isSocket() && !stat.isDirectory()) throw new Error(`${path} is no socket and no directory of sockets`);
  }
}

function placesOf(view: FilesystemView): Places {
  const { opener, readOnlyPaths, readWritePaths, openSockets, hiddenPaths, tenantDir, bindDir } = view;
  const own = [tenantDir, bindDir].map(real);
  const isOpen = (path: string) => closedTo(opener, path, own) === null;
  const wholeHost = readOnlyPaths === null || readOnlyPaths.includes('/');
  const hidden = HIDDEN.map(real).filter(existsSync);
  const resolver = view.network === 'host' && wholeHost ? [RESOLVER] : [];
  const needed = [...programPaths(view), ...resolver].filter((path) => isWithinAny(real(path), hidden));
  const named = namedPaths(view).map(real);
  const isShown = (path: string) => existsSync(path) && isOpen(path) && !isWithinAny(path, OWN_FILES);
  const isMasked = (path: string) =>
    isOpen(path) && isConnectable(path, opener) && !isWithinAny(path, openSockets.map(real));
  const hide = (paths: readonly string[]) =>
    paths.map((path) => outermostClosed(real(path), opener)).filter(existsSync);
  const [secretFiles, closedDirs] = partition(hide(hiddenPaths.files), isFile);
  return {
    wholeHost,
    // What the config names counts for more than what is hidden for everybody.
    hidden: hidden.filter((path) => !named.includes(path)),
    scratch: SCRATCH.map(real).filter((path) => !named.includes(path) && (!wholeHost || existsSync(path))),
    shown: [...named, ...needed.map(real)].filter((path) => path !== '/' && isShown(path)),
    writable: readWritePaths.map(real).filter(isShown),
    socketDirs: hide(hiddenPaths.socketDirs),
    secretDirs: [...hide(hiddenPaths.dirs), ...closedDirs],
    secretFiles,
    own,
    cgroupDirs: view.cgroupDirs.map(real),
    sockets: view.sockets.map(real).filter(isMasked),
  };
}

/** @throws {OverlapError} */
function assertSeen(path: string, opener: number | null, layers: readonly Layer[], places: Places): void {
  const target = real(path);
  if (!existsSync(path) || isWithinAny(target, OWN_FILES)) return;
  const kind = kindAt(target, layers, places.wholeHost);
  const secret = upwards(target).find((dir) => [...places.secretDirs, ...places.socketDirs].includes(dir));
  if (secret !== undefined && !isOfHost(kind))
    throw new OverlapError(
      `${path} lies in ${secret}, where tenement or other tenants have what is theirs: a tenant cannot see it. ` +
        'Keep the application, data_dir and the sockets in directories of their own',
    );
  const closed = closedTo(opener, target, places.own);
  if (closed !== null)
    throw new OverlapError(
      `user ${opener} may not enter ${closed}: keep ${path} where others may pass, or set user = "root"`,
    );
}

/** The directory on the way that the opener may not enter; null: there is none. */
function closedTo(opener: number | null, path: string, own: readonly string[]): string | null {
  return opener === null || isWithinAny(path, own) ? null : closedToOthers(path);
}

/** A directory that the opener may not enter is hidden as a whole: it can mount nothing in it. */
function outermostClosed(path: string, opener: number | null): string {
  if (opener === null) return path;
  return upwards(path).findLast((dir) => closedToOthers(dir) === dir) ?? path;
}

/** What the application runs by: its program, files that are named to it, and the directories of PATH. */
function programPaths({ workdir, program, args, path }: FilesystemView): string[] {
  const programs = programCandidates(program, workdir, path).filter(isFile);
  const dirs = path
    .split(delimiter)
    .filter((dir) => isAbsolute(dir) && !HIDDEN.includes(resolve(dir)) && !isHome(resolve(dir)));
  return [
    ...args.filter((arg) => isAbsolute(arg) && isFile(arg)).map((arg) => resolve(arg)),
    ...programs.flatMap((file) => [file, real(file)]).flatMap((file) => [file, ...prefixesOf(dirname(file))]),
    ...dirs.flatMap((dir) => [dir, ...prefixesOf(resolve(dir))]),
  ].filter(existsSync);
}

/** Of directories that hold programs, beside which their libraries lie (hier(7), venv, node_modules). */
const PROGRAM_DIRS = ['bin', 'sbin', '.bin', 'shims'];
/** What belongs to a program, where other things lie beside it. */
const PROGRAM_PARTS = ['bin', 'sbin', 'lib', 'lib64', 'libexec', 'include', 'pyvenv.cfg', 'shims', 'versions'];

/** `/opt/node` for `/opt/node/bin`; of a home, a disk or a shared directory only what belongs to programs. */
function prefixesOf(dir: string): string[] {
  if (!PROGRAM_DIRS.includes(basename(dir))) return [];
  const prefix = dirname(dir);
  const isShared = HIDDEN.includes(prefix) || HIDDEN.includes(dirname(prefix)) || isDotDirOfHome(prefix);
  return isShared ? PROGRAM_PARTS.map((part) => join(prefix, part)) : [prefix];
}

/** Like ~/.local and ~/.cargo, in which keys and tokens lie too. */
function isDotDirOfHome(path: string): boolean {
  return (
    basename(path).startsWith('.') && depthOf(path) === (path.startsWith('/root/') ? 2 : 3) && isHome(dirname(path))
  );
}

function isHome(path: string): boolean {
  return path === '/root' || dirname(path) === '/home';
}

/** Where a name leads through a link in what is hidden, the tenant has the target under that name as well. */
function withName(name: string, layers: Layer[], wholeHost: boolean): Layer[] {
  const at = placeOfName(resolve(name), (path) => kindAt(path, layers, wholeHost));
  return at === null ? layers : alsoAt(at, real(name), layers, wholeHost);
}

/** null: it resolves, or there is nothing. */
function placeOfName(name: string, kindOf: (path: string) => Kind): string | null {
  const parts = name.split('/').slice(1);
  let at = '/';
  for (const [index, part] of parts.entries()) {
    const next = join(at, part);
    const stat = lookAtName(next);
    if (stat === undefined) return null;
    if (!stat.isSymbolicLink()) at = next;
    else if (!isOfHost(kindOf(next))) return join(next, ...parts.slice(index + 1));
    else at = real(next);
  }
  return null;
}

function partition<T>(all: readonly T[], isOfFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isOfFirst), all.filter((one) => !isOfFirst(one))];
}

/** As the opener, which has no group of others; of the server's own user all are. What need not be hidden may go meanwhile. */
function isConnectable(path: string, opener: number | null): boolean {
  const stat = lookAtName(path);
  return stat?.isSocket() === true && (opener === null || (stat.mode & OTHERS_MAY_WRITE) !== 0);
}

/** Of what is not there yet, with its directory's. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(real(dirname(path)), basename(path));
  }
}
