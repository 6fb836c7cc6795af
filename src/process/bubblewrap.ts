/**
 * The view of the machine that a tenant has at `isolation = "namespace"`, as arguments of bwrap(1): the host read-only,
 * without other tenants, tenement's state, homes and sockets; its own directory and that of its socket to write in; pid,
 * ipc, uts and user namespaces of its own; no capabilities, no way to make another user namespace, and a filter of its
 * system calls.
 */
import { layersOf, type View } from './view.ts';

/** Settings of the kernel, which belong to the host's user 0 even without capabilities. */
const KERNEL = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus'];

/** Namespaces of its own, and no way to get more rights in them. */
export const NAMESPACES: readonly string[] = [
  ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
  ...['--cap-drop', 'ALL', '--disable-userns'],
];

/** Arguments of bwrap, up to the program. `filterFd`: where it finds the filter of system calls; null: there is none. */
export function bubblewrapWords(view: View, filterFd: number | null): string[] {
  const { hidden, shown, hiddenAgain, writable, hiddenFiles } = layersOf(view);
  return [
    ...hostWords(view.readOnlyPaths),
    ...['--dev', '/dev', '--proc', '/proc'],
    ...KERNEL.flatMap((path) => ['--ro-bind-try', path, path]),
    ...hidden.flatMap((dir) => ['--tmpfs', dir]),
    ...shown.flatMap((dir) => ['--ro-bind-try', dir, dir]),
    ...hiddenAgain.flatMap((dir) => ['--tmpfs', dir]),
    ...(view.network === 'host' ? [] : ['--unshare-net']),
    ...writable.flatMap((dir) => ['--bind', dir, dir]),
    ...hiddenFiles.flatMap((file) => ['--ro-bind', '/dev/null', file]),
    ...[...hidden, ...hiddenAgain].flatMap((dir) => ['--remount-ro', dir]),
    ...NAMESPACES,
    ...filterWords(filterFd),
    ...['--hostname', view.tenantId],
    ...['--chdir', view.workdir, '--'],
  ];
}

export function filterWords(fd: number | null): string[] {
  return fd === null ? [] : ['--seccomp', String(fd)];
}

function hostWords(readOnlyPaths: readonly string[] | null): string[] {
  if (readOnlyPaths === null) return ['--ro-bind', '/', '/'];
  return readOnlyPaths.flatMap((path) => ['--ro-bind', path, path]);
}
