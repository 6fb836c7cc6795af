/** Parts of the kernel that web applications do not use, and that have had vulnerabilities. */
import { readFileSync } from 'node:fs';
import {
  ARCHITECTURES,
  type Architecture,
  type CallName,
  NUMBERS,
} from '../../../src/process/isolation/seccomp/numbers.ts';
import { type Attempt, by } from '../attempt.ts';
import { EVERY_USER, GVISOR, SAME_USER } from './reasons.ts';

const asRoot = { process: SAME_USER };
const IN_SANDBOX = { 'sandbox, no network': GVISOR };
const asAnyUser = { ...asRoot, 'process + user': EVERY_USER };

const architecture = ARCHITECTURES[process.arch as Architecture];

/** The kernel denies everybody what it was built without. */
const notInKernel = (call: CallName) => () => {
  if (architecture === undefined) return `the numbers of its system calls are not known for ${process.arch}`;
  const symbols = readFileSync('/proc/kallsyms', 'latin1');
  return new RegExp(` T __[a-z0-9]+_sys_${call}$`, 'm').test(symbols) ? null : `this kernel has no ${call}`;
};

function calling(what: string, call: CallName, worksAt: Attempt['worksAt']): Attempt {
  return {
    what,
    lack: notInKernel(call),
    pointlessAt: IN_SANDBOX,
    tryIt: by(`call-${call}`, () => ({ number: NUMBERS[call][architecture.column] ?? -1 })),
    worksAt,
  };
}

const logIsOpen = readFileSync('/proc/sys/kernel/dmesg_restrict', 'latin1').trim() === '0';

export const KERNEL: readonly Attempt[] = [
  calling('use io_uring', 'io_uring_setup', asAnyUser),
  calling('make a BPF map', 'bpf', asRoot),
  calling('count events of the kernel (perf_event_open)', 'perf_event_open', asRoot),
  calling('handle its own page faults (userfaultfd)', 'userfaultfd', asAnyUser),
  calling('keep a key in the kernel, outside all namespaces', 'add_key', asAnyUser),
  calling('make a file system without mounting it (fsopen)', 'fsopen', asRoot),
  calling('give up the random layout of its memory (personality)', 'personality', asAnyUser),
  calling("read the kernel's log by syslog(2)", 'syslog', logIsOpen ? asAnyUser : asRoot),
  calling('trace a process of its own', 'ptrace', asAnyUser),
  { what: 'hear of devices by netlink', tryIt: by('open-netlink', () => ({})), worksAt: asAnyUser },
  { what: 'put input into a terminal (TIOCSTI)', tryIt: by('fake-input', () => ({})), worksAt: asRoot },
];
