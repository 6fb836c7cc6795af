/** What an isolated tenant sees of the machine's files, whatever builds the view. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import type { HiddenPaths } from '../../core/service/hidden-paths.ts';
import {
  alsoAt,
  HIDDEN,
  isOfHost,
  kindAt,
  type Layer,
  type LayerKind,
  type LayerPaths,
  layersFor,
  OverlapError,
  SCRATCH,
} from '../../core/service/layers.ts';
import { depthOf, isWithinAny, upwards } from '../../core/service/paths.ts';
import { programCandidates } from '../../core/service/program.ts';
import { isFile, lookAtName } from '../storage/files.ts';
import { closedToOthers } from './dynamic-user.ts';

export interface FilesystemView {
  readonly tenantId: string;
  readonly tenantDir: string;
  /** Directory in which the application binds its socket. */
  readonly bindDir: string;
  readonly workdir: string;
  /** The program, and the PATH by which it is found. */
  readonly program: string;
  readonly args: readonly string[];
  readonly path: string;
  readonly hiddenPaths: HiddenPaths;
  /** Directories of its cgroup; with version 1 one for each controller. */
  readonly cgroupDirs: readonly string[];
  /** Directory of its own socket to tenement; null: it has none. */
  readonly selfDir: string | null;
  /** The directory of its secrets; null: it has none. */
  readonly secretsDir: { readonly dir: string; readonly shownAt: string } | null;
  /** Paths of the host's listening sockets. */
  readonly sockets: readonly string[];
  /** Whether a socket can be hidden by itself; gVisor opens what it mounts over, which fails for a socket. */
  readonly hidesSingleSockets: boolean;
  /** The only paths of the host that are visible; null: all except hidden ones. */
  readonly readOnlyPaths: readonly string[] | null;
  /** Paths of the host that the tenant may write to. */
  readonly readWritePaths: readonly string[];
  /** Sockets of the host, or directories of sockets, that the tenant may connect to. */
  readonly openSockets: readonly string[];
  /** Limit for each directory in memory, in bytes. */
  readonly tmpBytes: number;
  readonly network: 'host' | 'none';
  /** The user that opens the files, if it is not the server's; directories that it may not enter cannot be shown. */
  readonly opener: number | null;
}

/** Mode bit that connect(2) needs (unix(7)). */
const OTHERS_MAY_WRITE = 0o002;
/** Part of /run that name resolution needs (systemd-resolved(8)). */
const RESOLVER = '/run/systemd/resolve';
/** Replaced by the tenant's own. */
const OWN_FILES = ['/proc', '/dev'];

/**
 * Returns the layers of the view; each lies over those before it.
 * @throws {OverlapError} when a path that the config names is inside one that must be hidden, or contains it
 * @throws {Error} when a path that the config names is missing
 */
export function layersOf(view: FilesystemView): Layer[] {
  const places = layerPathsOf(view);
  const layers = layersFor(places);
  const shown = namedPaths(view);
  assertThere(view);
  for (const path of shown) assertSeen(path, view.opener, layers, places);
  const own = [view.tenantDir, view.bindDir, ...(view.selfDir === null ? [] : [view.selfDir])];
  const names = [...shown, ...own, ...programPaths(view)];
  const named = names.reduce((all, name) => withName(name, all, places.wholeHost), layers);
  return [...named, ...secretsLayer(view)];
}

/** Nothing else lies in it, and it lies in a directory that is empty for the tenant. */
function secretsLayer({ secretsDir }: FilesystemView): Layer[] {
  return secretsDir === null ? [] : [{ kind: 'shown', at: secretsDir.shownAt, from: secretsDir.dir }];
}

/** Paths that the config names as visible. */
function namedPaths({ workdir, readOnlyPaths, readWritePaths, openSockets }: FilesystemView): string[] {
  return [workdir, ...(readOnlyPaths ?? []), ...readWritePaths, ...openSockets];
}

/** A path that is missing at the start cannot be shown later. @throws {Error} */
function assertThere({ readWritePaths, openSockets }: FilesystemView): void {
  for (const path of [...readWritePaths, ...openSockets])
    if (!existsSync(path)) throw new Error(`${path}, which the config names, does not exist`);
  for (const path of openSockets) {
    const stat = statSync(path);
    if (!stat.isSocket() && !stat.isDirectory())
      throw new Error(`${path} is neither a socket nor a directory of sockets`);
  }
}

function layerPathsOf(view: FilesystemView): LayerPaths {
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
    // Paths that the config names take precedence over those that are hidden for everybody.
    hidden: hidden.filter((path) => !named.includes(path)),
    scratch: SCRATCH.map(real).filter((path) => !named.includes(path) && (!wholeHost || existsSync(path))),
    shown: [...named, ...needed.map(real)].filter((path) => path !== '/' && isShown(path)),
    writable: readWritePaths.map(real).filter(isShown),
    socketDirs: hide(hiddenPaths.socketDirs),
    secretDirs: [...hide(hiddenPaths.dirs), ...closedDirs],
    secretFiles,
    own,
    ownReadOnly: [...view.cgroupDirs, ...(view.selfDir === null ? [] : [view.selfDir])].map(real),
    sockets: view.sockets.map(real).filter(isMasked),
    hidesSingleSockets: view.hidesSingleSockets,
  };
}

/** Checks that a named path is visible. @throws {OverlapError} */
function assertSeen(path: string, opener: number | null, layers: readonly Layer[], places: LayerPaths): void {
  const target = real(path);
  if (!existsSync(path) || isWithinAny(target, OWN_FILES)) return;
  const kind = kindAt(target, layers, places.wholeHost);
  const secret = upwards(target).find((dir) => [...places.secretDirs, ...places.socketDirs].includes(dir));
  if (secret !== undefined && !isOfHost(kind))
    throw new OverlapError(
      `${path} lies in ${secret}, which belongs to tenement or other tenants: a tenant cannot see it. ` +
        'Keep the application, data_dir and the sockets in directories of their own',
    );
  const closed = closedTo(opener, target, places.own);
  if (closed !== null)
    throw new OverlapError(
      `user ${opener} may not enter ${closed}: keep ${path} where other users may pass, or set user = "root"`,
    );
}

/** Returns the directory above `path` that the opener may not enter; null: none. */
function closedTo(opener: number | null, path: string, own: readonly string[]): string | null {
  return opener === null || isWithinAny(path, own) ? null : closedToOthers(path);
}

/** A directory that the opener may not enter is hidden as a whole, because nothing can be mounted inside it. */
function outermostClosed(path: string, opener: number | null): string {
  if (opener === null) return path;
  return upwards(path).findLast((dir) => closedToOthers(dir) === dir) ?? path;
}

/** Paths that the application needs to run: its program, files among its arguments, and the directories of PATH. */
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

/** Names of directories that hold programs; libraries are beside them (hier(7), venv, node_modules). */
const PROGRAM_DIRS = ['bin', 'sbin', '.bin', 'shims'];
/** Entries that belong to a program where other things lie beside it. */
const PROGRAM_PARTS = ['bin', 'sbin', 'lib', 'lib64', 'libexec', 'include', 'pyvenv.cfg', 'shims', 'versions'];

/**
 * Returns `/opt/node` for `/opt/node/bin`; in a home, on a disk or in a shared directory only the parts of programs.
 */
function prefixesOf(dir: string): string[] {
  if (!PROGRAM_DIRS.includes(basename(dir))) return [];
  const prefix = dirname(dir);
  const isShared = HIDDEN.includes(prefix) || HIDDEN.includes(dirname(prefix)) || isDotDirOfHome(prefix);
  return isShared ? PROGRAM_PARTS.map((part) => join(prefix, part)) : [prefix];
}

/** Whether a path is like ~/.local and ~/.cargo, which also hold keys and tokens. */
function isDotDirOfHome(path: string): boolean {
  return (
    basename(path).startsWith('.') && depthOf(path) === (path.startsWith('/root/') ? 2 : 3) && isHome(dirname(path))
  );
}

function isHome(path: string): boolean {
  return path === '/root' || dirname(path) === '/home';
}

/** When a name leads through a hidden symbolic link, the tenant also gets the target under that name. */
function withName(name: string, layers: Layer[], wholeHost: boolean): Layer[] {
  const at = placeOfName(resolve(name), (path) => kindAt(path, layers, wholeHost));
  return at === null ? layers : alsoAt(at, real(name), layers, wholeHost);
}

/** Returns where a hidden link on the way puts the name; null: the name resolves, or does not exist. */
function placeOfName(name: string, kindOf: (path: string) => LayerKind): string | null {
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

/** Whether the opener can connect, having none of the groups of others; the server's own user can connect to all. */
function isConnectable(path: string, opener: number | null): boolean {
  const stat = lookAtName(path);
  return stat?.isSocket() === true && (opener === null || (stat.mode & OTHERS_MAY_WRITE) !== 0);
}

/** Resolves a path. For a missing path, resolves its directory. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(real(dirname(path)), basename(path));
  }
}
