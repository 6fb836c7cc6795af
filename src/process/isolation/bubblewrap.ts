/**
 * The view of the machine at `isolation = "namespace"`, as arguments of bwrap(1). The host is read-only, without other
 * tenants, tenement's state, homes and sockets. The tenant's directory and that of its socket are writable, and
 * directories in memory take the place of shared ones such as /tmp. The tenant has pid, ipc, uts and user namespaces of
 * its own, no capabilities, no way to make another user namespace, and a filter for its system calls.
 */
import type { Layer } from '../../core/service/layers.ts';
import { type FilesystemView, layersOf } from './filesystem-view.ts';

/** Kernel settings, which belong to the host's user 0 even without capabilities. */
const KERNEL = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus'];

/** Namespaces of the tenant's own, with no way to gain rights in them. */
export const NAMESPACES: readonly string[] = [
  // No cgroup namespace: in one, /proc/self/mountinfo names directories that do not exist, on which a JVM fails.
  ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts'],
  ...['--cap-drop', 'ALL', '--disable-userns'],
];

/** Returns bwrap's arguments, up to the program. @param filterFd descriptor of the system call filter; null: none */
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
    // Mount points in memory have no size limit, so they become read-only.
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

/** Mounts memory like /tmp: every user may write, and remove only files of their own. */
export function scratchWords(at: string, bytes: number): string[] {
  return ['--perms', '1777', '--size', String(bytes), '--tmpfs', at];
}

function mountWords({ kind, at, from }: Layer, tmpBytes: number): string[] {
  if (kind === 'scratch') return scratchWords(at, tmpBytes);
  if (kind === 'empty') return ['--tmpfs', at];
  if (kind === 'blank') return ['--ro-bind', '/dev/null', at];
  return [kind === 'shown' ? '--ro-bind' : '--bind', from, at];
}
