import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, it, test } from 'vitest';
import { filterFor } from '../../../../src/process/isolation/seccomp/filter.ts';
import {
  ARCHITECTURES,
  type Architecture,
  type CallName,
  NEWEST,
  NUMBERS,
} from '../../../../src/process/isolation/seccomp/numbers.ts';
import { verdictOf } from './interpreter.ts';

const { EPERM, ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT, ENOPROTOOPT } = constants.errno;
const errno = (number: number) => `errno ${number}`;

/** Calls that Node, Python and a shell need. */
const HARMLESS: Readonly<Record<Architecture, readonly number[]>> = {
  // read, write, mmap, execve, accept4, epoll_pwait2, futex, exit_group, prctl, seccomp
  x64: [0, 1, 9, 59, 288, 441, 202, 231, 157, 317],
  arm64: [63, 64, 222, 221, 242, 441, 98, 94, 167, 277],
};

describe.each(Object.keys(ARCHITECTURES) as Architecture[])('the filter for %s', (name) => {
  const { audit, column } = ARCHITECTURES[name];
  const program = filterFor(name) ?? Buffer.alloc(0);
  const ask = (call: CallName, ...args: (number | bigint)[]) => {
    const number: number | null = NUMBERS[call][column];
    if (number === null) throw new Error(`${name} has no ${call}`);
    return verdictOf(program, { number, architecture: audit, args: args.map(BigInt) });
  };

  it('allows what ordinary programs need', () => {
    const verdicts = HARMLESS[name].map((number) => verdictOf(program, { number, architecture: audit }));
    expect(new Set(verdicts)).toEqual(new Set(['allowed']));
  });

  it.each(['mount', 'fsopen', 'setns', 'unshare', 'bpf', 'keyctl', 'ptrace', 'userfaultfd', 'syslog'] as const)(
    'refuses %s',
    (call) => expect(ask(call)).toBe(errno(EPERM)),
  );

  it.each(['clone3', 'openat2', 'io_uring_setup'] as const)(
    'answers ENOSYS for %s, so that programs fall back',
    (call) => expect(ask(call)).toBe(errno(ENOSYS)),
  );

  it('answers ENOSYS for calls that it does not know, and for those of x32', () => {
    for (const number of [NEWEST + 1, 1000, 0x40000000, 0x40000001, 0xffffffff]) {
      expect(verdictOf(program, { number, architecture: audit })).toBe(errno(ENOSYS));
    }
  });

  it('ends a program of another architecture', () => {
    for (const architecture of [0x40000003, 0x40000028, 0]) {
      expect(verdictOf(program, { number: 1, architecture })).toBe('killed');
    }
  });

  it('lets clone make threads and processes, but no namespace', () => {
    expect(ask('clone', 0x3d0f00)).toBe('allowed');
    expect(ask('clone', constants.signals.SIGCHLD)).toBe('allowed');
    for (let bit = 0; bit < 32; bit += 1) {
      const isNamespace = bit === 17 || (bit >= 25 && bit <= 30);
      expect(ask('clone', 2 ** bit)).toBe(isNamespace ? errno(EPERM) : 'allowed');
    }
  });

  it('lets sockets be Unix, internet and routing netlink', () => {
    for (const family of [1, 2, 10]) expect(ask('socket', family, 1, 6)).toBe('allowed');
    expect(ask('socket', 16, 3, 0)).toBe('allowed');
    expect(ask('socket', 16, 3, 15)).toBe(errno(EPROTONOSUPPORT));
    for (const family of [0, 17, 38, 40, 44]) expect(ask('socket', family)).toBe(errno(EAFNOSUPPORT));
    expect(ask('socketpair', 1, 1, 0)).toBe('allowed');
  });

  it('reads arguments as the kernel does, which ignores their high half', () => {
    const high = 1n << 32n;
    expect(ask('ioctl', 0, high | 0x5412n)).toBe(errno(EPERM));
    expect(ask('socket', high | 2n, 1)).toBe('allowed');
    expect(ask('socket', high | 17n, 3)).toBe(errno(EAFNOSUPPORT));
  });

  it('refuses the ioctls that put input into a terminal, and no others', () => {
    expect(ask('ioctl', 0, 0x541c)).toBe(errno(EPERM));
    expect(ask('ioctl', 0, 0x5413)).toBe('allowed');
  });

  it('refuses the setuid and setgid bits wherever a mode is given', () => {
    expect(ask('fchmod', 3, 0o4755)).toBe(errno(EPERM));
    expect(ask('fchmod', 3, 0o1777)).toBe('allowed');
    expect(ask('fchmodat', -100, 0, 0o2755)).toBe(errno(EPERM));
    expect(ask('fchmodat2', -100, 0, 0o4755)).toBe(errno(EPERM));
    expect(ask('mknodat', -100, 0, 0o104755)).toBe(errno(EPERM));
    expect(ask('mknodat', -100, 0, 0o10644)).toBe('allowed');
    for (const flags of [0o102, 0o20_200_002]) expect(ask('openat', -100, 0, flags, 0o4755)).toBe(errno(EPERM));
    expect(ask('openat', -100, 0, 0o102, 0o644)).toBe('allowed');
  });

  it('ignores the mode of openat when no file is created', () => {
    expect(ask('openat', -100, 0, 0o2000000, 0xffffffff)).toBe('allowed');
  });

  it('refuses to share a port', () => {
    expect(ask('setsockopt', 3, 1, 15)).toBe(errno(ENOPROTOOPT));
    expect(ask('setsockopt', 3, 1, 2)).toBe('allowed');
    expect(ask('setsockopt', 3, 6, 15)).toBe('allowed');
  });

  it('refuses unusual personalities', () => {
    for (const usual of [0, 8, 0x20000, 0x20008, 0xffffffff]) expect(ask('personality', usual)).toBe('allowed');
    expect(ask('personality', 0x40000)).toBe(errno(EPERM));
  });
});

it('no filter exists for other architectures', () => {
  expect(filterFor('riscv64')).toBeNull();
  expect(filterFor('toString')).toBeNull();
});

const HEADERS = ['/usr/include/x86_64-linux-gnu/asm/unistd_64.h', '/usr/include/asm-generic/unistd.h'];

test.skipIf(!HEADERS.every(existsSync) && process.env['CI'] !== 'true')(
  "the filter's call numbers are those of the kernel's headers (apt-get install linux-libc-dev, on amd64)",
  () => {
    const [x64, arm64] = HEADERS.map((file) => numbersIn(readFileSync(file, 'latin1')));
    for (const [name, [ofX64, ofArm64]] of Object.entries(NUMBERS)) {
      // The headers may be older than the newest call.
      if ((ofX64 ?? 0) > (x64?.get('set_mempolicy_home_node') ?? 0)) continue;
      expect([name, x64?.get(name) ?? null, arm64?.get(name) ?? null]).toEqual([name, ofX64, ofArm64]);
    }
  },
);

function numbersIn(header: string): Map<string, number> {
  return new Map(
    [...header.matchAll(/^#define __NR_(\w+)\s+(\d+)$/gm)].map(([, name = '', number]) => [name, Number(number)]),
  );
}
