/** What of the machine's files a tenant sees behind walls, whatever builds them. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute } from 'node:path';
import { programCandidates } from '../core/program.ts';
import { closedToOthers } from './dynamic-user.ts';

export interface View {
  readonly tenantId: string;
  readonly tenantDir: string;
  /** Where it binds its socket. */
  readonly bindDir: string;
  readonly workdir: string;
  /** What it runs, and the PATH by which that is found. */
  readonly program: string;
  readonly args: readonly string[];
  readonly path: string;
  /** Directories of tenement's that hold what is others'. */
  readonly hiddenDirs: readonly string[];
  /** Files that are empty for it, wherever they lie. */
  readonly hiddenFiles: readonly string[];
  /** The only paths of the host that are there; null: all but what is hidden. */
  readonly readOnlyPaths: readonly string[] | null;
  readonly network: 'host' | 'none';
  /** Whether another user than the server's opens the files: what that one may not enter cannot be shown. */
  readonly asOther: boolean;
}

/** Each lies over those before it; all paths are where they are on the host. */
export interface Layers {
  /** Empty directories that cannot be written. */
  readonly hidden: readonly string[];
  /** Read-only. */
  readonly shown: readonly string[];
  /** Empty again: what is tenement's may lie in the application's directory. */
  readonly hiddenAgain: readonly string[];
  readonly writable: readonly string[];
  /** Empty files. */
  readonly hiddenFiles: readonly string[];
}

/** Empty for a tenant: what lies there is other people's, or leads to other services. */
const HIDDEN = ['/home', '/root', '/run', '/tmp', '/var/tmp', '/mnt', '/media', '/sys/fs/cgroup'];
/** Part of /run that resolving names takes (systemd-resolved(8)). */
const RESOLVER = '/run/systemd/resolve';

export function layersOf(view: View): Layers {
  const hidden = outermost([...HIDDEN, ...view.hiddenDirs].map(real).filter(existsSync));
  const shown = shownDirs(view, hidden);
  const hiddenAgain = outermost(
    view.hiddenDirs.map(real).filter((dir) => existsSync(dir) && isIn(dir, shown) && !shown.includes(dir)),
  );
  const resolver = view.network === 'host' ? [RESOLVER] : [];
  return {
    hidden,
    shown: [...shown, ...resolver].filter(existsSync),
    hiddenAgain,
    writable: [view.tenantDir, view.bindDir],
    hiddenFiles: view.hiddenFiles.filter(existsSync),
  };
}

/** Those that do not lie in another of them. */
function outermost(dirs: readonly string[]): string[] {
  const unique = [...new Set(dirs)];
  return unique.filter((dir) => !unique.some((other) => other !== dir && isIn(dir, [other]))).sort();
}

/** What the application is and runs by, where that lies in what is hidden. */
function shownDirs({ workdir, program, args, path, hiddenDirs, asOther }: View, hidden: readonly string[]): string[] {
  const programs = programCandidates(program, workdir, path).filter(existsSync);
  // A script that is named by its path, but nothing of tenement's.
  const named = args
    .filter((arg) => isAbsolute(arg) && existsSync(arg) && !isIn(arg, hiddenDirs))
    .map((arg) => dirname(arg));
  const dirs = [
    ...named,
    workdir,
    ...path.split(delimiter).map(prefixOf),
    ...programs.flatMap((file) => [dirname(file), prefixOf(dirname(real(file)))]),
  ];
  return [...new Set(dirs)].filter(
    (dir) => dir !== '' && isIn(dir, hidden) && !(asOther && closedToOthers(dir) !== null),
  );
}

/** `/opt/node` for `/opt/node/bin`, where libraries lie beside it; never somebody's whole home. */
function prefixOf(dir: string): string {
  const parent = dirname(dir);
  const isHome = HIDDEN.includes(parent) || (HIDDEN.includes(dirname(parent)) && !basename(parent).startsWith('.'));
  return isHome ? dir : parent;
}

function isIn(path: string, dirs: readonly string[]): boolean {
  return dirs.some((dir) => path === dir || path.startsWith(`${dir}/`));
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
