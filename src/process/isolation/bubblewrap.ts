/**
 * The view of the machine that a tenant has at `isolation = "namespace"`, as arguments of bwrap(1): the host read-only,
 * without other tenants, tenement's state, homes and sockets; its own directory and that of its socket to write in, and
 * memory of its own where programs expect to; pid,
 * ipc, uts and user namespaces of its own; no capabilities, no way to make another user namespace, and a filter of its
 * system calls.
 */
import type { Layer } from '../../core/service/layers.ts';
import { type FilesystemView, layersOf } from './filesystem-view.ts';

/** Settings of the kernel, which belong to the host's user 0 even without capabilities. */
const KERNEL = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus'];

/** Namespaces of its own, and no way to get more rights in them. */
export const NAMESPACES: readonly string[] = [
  // None of cgroups: in one, /proc/self/mountinfo names directories that are not there, on which a JVM fails.
  ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts'],
  ...['--cap-drop', 'ALL', '--disable-userns'],
];

/** Arguments of bwrap, up to the program. `filterFd`: where it finds the filter of system calls; null: there is none. */
export function bubblewrapWords(view: FilesystemView, filterFd: number | null): string[] {
  const layers = layersOf(view);
  const { readOnlyPaths, network, tenantId, workdir, tmpBytes } = view;
  const wholeHost = readOnlyPaths === null || readOnlyPaths.includes('/');
  return [
    ...(wholeHost ? ['--ro-bind', '/', '/'] : []),
    ...['--dev', '/dev', ...scratchWords('/dev/shm', tmpBytes), '--proc', '/proc'],
    ...KERNEL.flatMap((path) => ['--ro-bind-try', path, path]),
    ...(network === 'host' ? [] : ['--unshare-net']),
    ...layers.flatMap((layer) => mountWords(layer, tmpBytes)),
    // What is made of memory only to mount in has no limit.
    ...['/dev', ...(wholeHost ? [] : ['/'])].flatMap((at) => ['--remount-ro', at]),
    ...layers.filter(({ kind }) => kind === 'empty').flatMap(({ at }) => ['--remount-ro', at]),
    ...NAMESPACES,
    ...filterWords(filterFd),
    ...['--hostname', tenantId],
    ...['--chdir', workdir, '--'],
  ];
}

export function filterWords(fd: number | null): string[] {
  return fd === null ? [] : ['--seccomp', String(fd)];
}

/** As /tmp is: for every user, who can remove what is their own. */
export function scratchWords(at: string, bytes: number): string[] {
  return ['--perms', '1777', '--size', String(bytes), '--tmpfs', at];
}

function mountWords({ kind, at, from }: Layer, tmpBytes: number): string[] {
  if (kind === 'scratch') return scratchWords(at, tmpBytes);
  if (kind === 'empty') return ['--tmpfs', at];
  if (kind === 'blank') return ['--ro-bind', '/dev/null', at];
  return [kind === 'shown' ? '--ro-bind' : '--bind', from, at];
}
