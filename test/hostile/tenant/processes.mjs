// Other people's processes: seen, signalled, read and entered; own ones, kept beyond their end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { Denied, python } from './tools.mjs';

/** The part of a process's memory that has its environment, and with it the secret. */
function stackOf(pid) {
  const line = readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n')
    .find((one) => one.endsWith('[stack]'));
  const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line ?? '') ?? [];
  if (from === undefined) throw new Denied(`/proc/${pid}/maps is empty`);
  const start = BigInt(`0x${from}`);
  return { start, length: Number(BigInt(`0x${to}`) - start) };
}

function found(text, secret, where) {
  if (!text.includes(secret)) throw new Denied(`read ${text.length} bytes of ${where}, without the secret`);
  return `read "${secret}" in ${where}`;
}

/** Ignores all signals that it can; `token` identifies it for the test. */
const DAEMON = `(trap '' TERM HUP INT; exec setsid sh -c 'trap "" TERM HUP INT; exec sleep "$0"' "$1") &`;

async function leaveBehind(token, env) {
  const shell = spawn('/bin/sh', ['-c', DAEMON, 'sh', token], { stdio: 'ignore', detached: true, env });
  await once(shell, 'exit');
  return `left a daemon that sleeps ${token}`;
}

/**
 * Each of them lives for one fork, in a session of its own: whoever lists them and then signals what is listed comes too
 * late for most, and each is put in again by the others. They end by themselves after a while, and are nice to the
 * machine; on a busy one they take each other for dead and become more, so this is only for a tenant with a pids_limit.
 */
const HOPPERS = `
import mmap, os, random, signal, struct, sys, time
COUNT, LIFE_S, STALE_S = 24, 9, 0.03
slots = mmap.mmap(-1, 8 * COUNT)
ends = time.monotonic() + LIFE_S

def fork():
    try:
        return os.fork()
    except OSError:
        return -1

def mark(slot):
    slots[8 * slot : 8 * slot + 8] = struct.pack('d', time.monotonic())

def hop(slot):
    while time.monotonic() < ends:
        mark(slot)
        other = random.randrange(COUNT)
        if time.monotonic() - struct.unpack('d', slots[8 * other : 8 * other + 8])[0] > STALE_S:
            mark(other)
            if fork() == 0:
                slot = other
                os.setsid()
                continue
        pid = fork()
        if pid > 0:
            os._exit(0)
        if pid == 0:
            os.setsid()
    os._exit(0)

signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.nice(19)
for slot in range(COUNT):
    mark(slot)
for slot in range(COUNT):
    if os.fork() == 0:
        hop(slot)
`;

async function leaveHoppers(token) {
  const child = spawn('/usr/bin/python3', ['-c', HOPPERS, token], { stdio: 'ignore', detached: true, env: {} });
  await once(child, 'exit');
  return 'left processes that fork all the time';
}

export const processes = {
  'list-processes': ({ pid }) => {
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    if (!all.includes(String(pid))) throw new Denied(`sees ${all.length} processes, not ${pid}`);
    return `${pid} is ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`;
  },
  signal: ({ pid, signal }) => {
    process.kill(pid, signal);
    return `sent ${signal} to ${pid}`;
  },
  'read-environment': ({ pid, secret }) =>
    found(readFileSync(`/proc/${pid}/environ`, 'latin1'), secret, `/proc/${pid}/environ`),
  'read-memory': ({ pid, secret }) => {
    const { start, length } = stackOf(pid);
    const fd = openSync(`/proc/${pid}/mem`, 'r');
    try {
      const bytes = Buffer.alloc(length);
      readSync(fd, bytes, 0, length, start);
      return found(bytes.toString('latin1'), secret, `/proc/${pid}/mem`);
    } finally {
      closeSync(fd);
    }
  },
  /** The same without /proc, which could be hidden: an address that is mapped in every process of that program. */
  'read-memory-by-call': ({ pid }) =>
    python(
      `class Part(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
there = ctypes.create_string_buffer(4)
# EFAULT would mean that reading is allowed and nothing lies at that address.
local, remote = Part(ctypes.addressof(there), 4), Part(0x1000, 4)
result = libc.process_vm_readv(int(args[0]), ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
if result < 0 and ctypes.get_errno() != 14: call(result)
print('process_vm_readv of', args[0], 'is allowed')`,
      pid,
    ),
  /** PTRACE_SEIZE does not stop the process, and ends with the tracer. */
  trace: ({ pid }) => python("call(libc.ptrace(0x4206, int(args[0]), 0, 0))\nprint('traces', args[0])", pid),
  'enter-namespace': ({ pid }) =>
    python(
      "call(libc.setns(os.open('/proc/' + args[0] + '/ns/mnt', os.O_RDONLY), 0))\nprint('is where', args[0], 'is')",
      pid,
    ),
  'leave-daemon': ({ token }) => leaveBehind(token, process.env),
  'leave-hoppers': ({ token }) => leaveHoppers(token),
  'leave-unmarked-daemon': ({ token }) => leaveBehind(token, { PATH: process.env.PATH }),
};
