/**
 * Which system calls a tenant at `isolation = "namespace"` is refused, and how: those that Docker's default profile
 * refuses a container without capabilities, and some more that no web application makes. What is not named is allowed,
 * but for calls newer than `NEWEST`.
 */
import type { CallName } from './numbers.ts';

/** On Linux, whatever this runs on. */
const EPERM = 1;
const ENOSYS = 38;
const ENOPROTOOPT = 92;
const EPROTONOSUPPORT = 93;
const EAFNOSUPPORT = 97;

/** Of an argument, by its index. */
export type Test =
  | { readonly arg: number; readonly anyBitOf: number }
  | { readonly arg: number; readonly oneOf: readonly number[] }
  | { readonly arg: number; readonly noneOf: readonly number[] };

export interface Rule {
  readonly calls: readonly CallName[];
  /** It is refused where all of them hold; none: always. */
  readonly where: readonly Test[];
  readonly errno: number;
}

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const NEW_NAMESPACES = 0x7e02_0000;
const SETUID_OR_SETGID = 0o6000;
/** O_CREAT and __O_TMPFILE: with others open(2) has no mode. */
const MAKES_FILE = 0o100 | 0o20_000_000;
const setuidMode = (arg: number): Test => ({ arg, anyBitOf: SETUID_OR_SETGID });

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
/** They put input into a terminal. */
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
/** Linux, 32-bit Linux, both with UNAME26, and the question what it is: as Docker. */
const PERSONALITIES = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/** Before the others, since these are called often. */
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
  // To list addresses and routes, as getaddrinfo(3) does.
  {
    calls: ['socket', 'socketpair'],
    where: [
      { arg: 0, oneOf: [AF_NETLINK] },
      { arg: 2, noneOf: [NETLINK_ROUTE] },
    ],
    errno: EPROTONOSUPPORT,
  },
  // Whoever has the server's user could listen at the proxy's port beside it.
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

/** As if the kernel were older: whoever calls them knows another way. Their arguments are in memory, out of reach. */
const NOT_THERE: readonly CallName[] = [
  ...(['clone3', 'openat2'] as const),
  ...(['io_uring_setup', 'io_uring_enter', 'io_uring_register'] as const),
];

const NEVER: readonly CallName[] = [
  // Mounts and namespaces
  ...(['mount', 'umount2', 'pivot_root', 'chroot', 'open_tree', 'open_tree_attr', 'move_mount'] as const),
  ...(['fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr', 'unshare', 'setns'] as const),
  // Files past all directories
  ...(['open_by_handle_at', 'name_to_handle_at', 'fanotify_init'] as const),
  // Other processes
  ...(['ptrace', 'process_vm_readv', 'process_vm_writev', 'kcmp', 'pidfd_getfd'] as const),
  // Keys, which are in no namespace
  ...(['add_key', 'keyctl', 'request_key'] as const),
  // Parts of the kernel that holes are found in
  ...(['bpf', 'perf_event_open', 'userfaultfd', 'lookup_dcookie', 'modify_ldt'] as const),
  ...(['get_mempolicy', 'set_mempolicy', 'set_mempolicy_home_node', 'mbind', 'migrate_pages', 'move_pages'] as const),
  // The machine
  ...(['init_module', 'finit_module', 'delete_module', 'create_module', 'query_module', 'get_kernel_syms'] as const),
  ...(['kexec_load', 'kexec_file_load', 'reboot', 'swapon', 'swapoff', 'acct', 'quotactl', 'quotactl_fd'] as const),
  ...(['settimeofday', 'clock_settime', 'clock_adjtime', 'iopl', 'ioperm', 'syslog', 'vhangup'] as const),
  ...(['sethostname', 'setdomainname'] as const),
  // Long out of use
  ...(['_sysctl', 'sysfs', 'uselib', 'ustat', 'nfsservctl'] as const),
];

export const RULES: readonly Rule[] = [
  ...BY_ARGUMENT,
  { calls: NOT_THERE, where: [], errno: ENOSYS },
  { calls: NEVER, where: [], errno: EPERM },
];

/** To a call that the rules do not know. */
export const UNKNOWN_ERRNO = ENOSYS;
