/**
 * The view of the machine that a tenant has at `isolation = "namespace"`, as arguments of bwrap(1): the host read-only,
 * without other tenants, tenement's state, homes and sockets; its own directory and that of its socket to write in; pid,
 * ipc, uts and user namespaces of its own; no capabilities, no way to make another user namespace, and a filter of its
 * system calls.
 */
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
  /** Whether another user than the server's runs bwrap: what that one may not enter cannot be shown. */
  readonly asOther: boolean;
  /** The descriptor at which bwrap finds the filter of system calls; null: there is none. */
  readonly filterFd: number | null;
}

/** Empty for a tenant: what lies there is other people's, or leads to other services. */
const HIDDEN = ['/home', '/root', '/run', '/tmp', '/var/tmp', '/mnt', '/media', '/sys/fs/cgroup'];
/** Settings of the kernel, which belong to the host's user 0 even without capabilities. */
const KERNEL = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus'];
/** Part of /run that resolving names takes (systemd-resolved(8)). */
const RESOLVER = '/run/systemd/resolve';

/** Namespaces of its own, and no way to get more rights in them. */
export const NAMESPACES: readonly string[] = [
  ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
  ...['--cap-drop', 'ALL', '--disable-userns'],
];

/** Arguments of bwrap, up to the program. */
export function bubblewrapWords(view: View): string[] {
  const hidden = outermost([...HIDDEN, ...view.hiddenDirs].map(real).filter(existsSync));
  const shown = shownDirs(view, hidden);
  // What is tenement's may lie in the application's directory.
  const hiddenAgain = outermost(
    view.hiddenDirs.map(real).filter((dir) => existsSync(dir) && isIn(dir, shown) && !shown.includes(dir)),
  );
  const empty = [...hidden, ...hiddenAgain];
  return [
    ...hostWords(view.readOnlyPaths),
    ...['--dev', '/dev', '--proc', '/proc'],
    ...KERNEL.flatMap((path) => ['--ro-bind-try', path, path]),
    ...hidden.flatMap((dir) => ['--tmpfs', dir]),
    ...shown.flatMap((dir) => ['--ro-bind-try', dir, dir]),
    ...hiddenAgain.flatMap((dir) => ['--tmpfs', dir]),
    ...(view.network === 'host' ? ['--ro-bind-try', RESOLVER, RESOLVER] : ['--unshare-net']),
    ...['--bind', view.tenantDir, view.tenantDir, '--bind', view.bindDir, view.bindDir],
    ...view.hiddenFiles.filter(existsSync).flatMap((file) => ['--ro-bind', '/dev/null', file]),
    ...empty.flatMap((dir) => ['--remount-ro', dir]),
    ...NAMESPACES,
    ...filterWords(view.filterFd),
    ...['--hostname', view.tenantId],
    ...['--chdir', view.workdir, '--'],
  ];
}

export function filterWords(fd: number | null): string[] {
  return fd === null ? [] : ['--seccomp', String(fd)];
}

/** Those that do not lie in another of them. */
function outermost(dirs: readonly string[]): string[] {
  const unique = [...new Set(dirs)];
  return unique.filter((dir) => !unique.some((other) => other !== dir && isIn(dir, [other]))).sort();
}

function hostWords(readOnlyPaths: readonly string[] | null): string[] {
  if (readOnlyPaths === null) return ['--ro-bind', '/', '/'];
  return readOnlyPaths.flatMap((path) => ['--ro-bind', path, path]);
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
