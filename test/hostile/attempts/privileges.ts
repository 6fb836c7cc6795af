/** More privileges, and escapes. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { type Attempt, by } from '../attempt.ts';
import { GVISOR, SAME_USER, USERNS } from './reasons.ts';

const asRoot = { process: SAME_USER };

/** The disk of this machine, by the first name that exists. */
const DISK = ['/dev/vda', '/dev/sda', '/dev/nvme0n1', '/dev/xvda'].find((path) => existsSync(path)) ?? '/dev/sda';

/** A file that this process, which is root, cannot open proves nothing when a tenant cannot. */
const cannotOpen = (path: string, flags: string) => () => {
  try {
    closeSync(openSync(path, flags));
    return null;
  } catch (error) {
    return `on this machine not even root opens ${path}: ${(error as NodeJS.ErrnoException).code}`;
  }
};

/** The file is opened as if for writing; nothing is ever written. */
const open = (path: string, flags = 'r+'): Attempt => ({
  what: flags === 'r' ? `read ${path}` : `open ${path} for writing`,
  lack: cannotOpen(path, flags),
  tryIt: by('open', () => ({ path, flags })),
  worksAt: asRoot,
});

export const PRIVILEGES: readonly Attempt[] = [
  { what: 'gain privileges by a setuid program (no_new_privs)', tryIt: by('gain-privileges', () => ({})), worksAt: {} },
  { what: 'run su as root', tryIt: by('run-setuid', () => ({})), worksAt: asRoot },
  { what: 'hold capabilities', tryIt: by('hold-capabilities', () => ({})), worksAt: asRoot },
  { what: 'become root', tryIt: by('become-root', () => ({})), worksAt: asRoot },
  { what: 'mount', tryIt: by('mount', () => ({})), worksAt: asRoot },
  {
    what: 'make a user namespace',
    tryIt: by('unshare-user', () => ({})),
    worksAt: { ...asRoot, 'process + user': USERNS },
    pointlessAt: { 'sandbox, no network': GVISOR },
  },
  { what: 'chroot', tryIt: by('chroot', () => ({})), worksAt: asRoot },
  { what: 'open files by handle, past all directories', tryIt: by('open-by-handle', () => ({})), worksAt: asRoot },
  {
    what: 'load a kernel module',
    lack: cannotOpen('/proc/modules', 'r'),
    tryIt: by('load-module', () => ({})),
    worksAt: asRoot,
  },
  open(DISK, 'r'),
  open('/proc/kcore', 'r'),
  open('/dev/kmsg'),
  open('/dev/mem'),
  open('/dev/kvm'),
  open('/proc/sys/kernel/core_pattern'),
  open('/proc/sys/kernel/hostname'),
  open('/proc/sysrq-trigger'),
  open('/sys/kernel/mm/transparent_hugepage/enabled'),
];
