/**
 * System calls that are refused at `isolation = "namespace"`, and how: those that Docker's default profile refuses a
 * container without capabilities, and some more that no web application makes. Calls that are not named are allowed,
 * unless they are newer than `NEWEST`.
 */
import type { CallName } from './numbers.ts';

/** Linux's numbers, whatever system this runs on. */
const EPERM = 1;
const ENOSYS = 38;
const ENOPROTOOPT = 92;
const EPROTONOSUPPORT = 93;
const EAFNOSUPPORT = 97;

/** A condition on an argument, given by its index. */
export type Test =
  | { readonly arg: number; readonly anyBitOf: number }
  | { readonly arg: number; readonly oneOf: readonly number[] }
  | { readonly arg: number; readonly noneOf: readonly number[] };

export interface Rule {
  readonly calls: readonly CallName[];
  /** The call is refused when all conditions hold; none: always. */
  readonly where: readonly Test[];
  readonly errno: number;
}

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const NEW_NAMESPACES = 0x7e02_0000;
const SETUID_OR_SETGID = 0o6000;
/** O_CREAT and __O_TMPFILE: without one of them open(2) takes no mode. */
const MAKES_FILE = 0o100 | 0o20_000_000;
const setuidMode = (arg: number): Test => ({ arg, anyBitOf: SETUID_OR_SETGID });

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
/** ioctl requests that put input into a terminal. */
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
/** Linux, 32-bit Linux, both with UNAME26, and the query of the current one, as in Docker's profile. */
const PERSONALITIES = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/** Come before the others, because these calls are frequent. */
const BY_ARGUMENT: readonly Rule[] = [
  { calls: ['openat'], where: [{ arg: 2, anyBitOf: MAKES_FILE }, setuidMode(3)], errno: EPERM },
  { calls: ['open'], where: [{ arg: 1, anyBitOf: MAKES_FILE }, setuidMode(2)], errno: EPERM },
  { calls: ['creat', 'chmod', 'fchmod', 'mknod'], where: [setuidMode(1)], errno: EPERM },
  { calls: ['fchmodat', 'fchmodat2', 'mknodat'], where: [setuidMode(2)], errno: EPERM },
  { calls: ['ioctl'], where: [{ arg: 1, oneOf: [TIOCSTI, TIOCLINUX] }], errno: EPERM },
  { calls: ['clone'], where: [{ arg: 0, anyBitOf: NEW_NAMESPACES }], errno: EPERM },
  {
    calls: ['socket', 'socketpair'],
    where: [{ arg: 0, noneOf: [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK] }],
    errno: EAFNOSUPPORT,
  },
  // NETLINK_ROUTE lists addresses and routes, as getaddrinfo(3) does.
  {
    calls: ['socket', 'socketpair'],
    where: [
      { arg: 0, oneOf: [AF_NETLINK] },
      { arg: 2, noneOf: [NETLINK_ROUTE] },
    ],
    errno: EPROTONOSUPPORT,
  },
  // A tenant with the server's user could otherwise listen on the proxy's port, too.
  {
    calls: ['setsockopt'],
    where: [
      { arg: 1, oneOf: [SOL_SOCKET] },
      { arg: 2, oneOf: [SO_REUSEPORT] },
    ],
    errno: ENOPROTOOPT,
  },
  { calls: ['personality'], where: [{ arg: 0, noneOf: PERSONALITIES }], errno: EPERM },
];

/**
 * Refused as if the kernel were older, so that callers fall back to another call. Their arguments are in memory, where
 * a filter cannot read them.
 */
const NOT_THERE: readonly CallName[] = [
  ...(['clone3', 'openat2'] as const),
  ...(['io_uring_setup', 'io_uring_enter', 'io_uring_register'] as const),
];

const NEVER: readonly CallName[] = [
  // Mounts and namespaces
  ...(['mount', 'umount2', 'pivot_root', 'chroot', 'open_tree', 'open_tree_attr', 'move_mount'] as const),
  ...(['fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr', 'unshare', 'setns'] as const),
  // Files opened past all directories
  ...(['open_by_handle_at', 'name_to_handle_at', 'fanotify_init'] as const),
  // Other processes
  ...(['ptrace', 'process_vm_readv', 'process_vm_writev', 'kcmp', 'pidfd_getfd'] as const),
  // Keys, which are in no namespace
  ...(['add_key', 'keyctl', 'request_key'] as const),
  // Parts of the kernel with frequent vulnerabilities
  ...(['bpf', 'perf_event_open', 'userfaultfd', 'lookup_dcookie', 'modify_ldt'] as const),
  ...(['get_mempolicy', 'set_mempolicy', 'set_mempolicy_home_node', 'mbind', 'migrate_pages', 'move_pages'] as const),
  // The machine
  ...(['init_module', 'finit_module', 'delete_module', 'create_module', 'query_module', 'get_kernel_syms'] as const),
  ...(['kexec_load', 'kexec_file_load', 'reboot', 'swapon', 'swapoff', 'acct', 'quotactl', 'quotactl_fd'] as const),
  ...(['settimeofday', 'clock_settime', 'clock_adjtime', 'iopl', 'ioperm', 'syslog', 'vhangup'] as const),
  ...(['sethostname', 'setdomainname'] as const),
  // Long obsolete
  ...(['_sysctl', 'sysfs', 'uselib', 'ustat', 'nfsservctl'] as const),
];

export const RULES: readonly Rule[] = [
  ...BY_ARGUMENT,
  { calls: NOT_THERE, where: [], errno: ENOSYS },
  { calls: NEVER, where: [], errno: EPERM },
];

/** Error for a call that the rules do not know. */
export const UNKNOWN_ERRNO = ENOSYS;
