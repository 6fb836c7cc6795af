/**
 * Tells systemd how far a service has got (sd_notify(3)): one datagram to the socket in NOTIFY_SOCKET. Node sends none
 * to a Unix socket, so that it is done through node:ffi, which comes with Node 26.1; without it by systemd-notify(1).
 */
import { spawnSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import { findProgram } from '../launch/wrapper.ts';

/** The same on every architecture of Linux but MIPS, SPARC and PA-RISC, for which there is no Node. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const TIMEOUT_MS = 10_000;

export interface ServiceNotice {
  readonly state: 'READY=1' | 'STOPPING=1';
  /** A line for a person, which `systemctl status` shows. */
  readonly status: string;
}

/** Does nothing where nobody is to be told. Returns whether somebody was. */
export function notifyService(notice: ServiceNotice, env: NodeJS.ProcessEnv): boolean {
  const path = env['NOTIFY_SOCKET'];
  // Also `vsock:`, to which only virtual machines talk.
  if (path === undefined || !/^[/@]/.test(path)) return false;
  const text = `${notice.state}\nSTATUS=${notice.status}`;
  return sendDatagram(path, Buffer.from(text)) || notifyByProgram(text.split('\n'), env);
}

/** As the parent that it is a child of, when root runs it; else `NotifyAccess=all` lets it. */
function notifyByProgram(lines: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const program = findProgram('systemd-notify');
  if (program === null) return false;
  return spawnSync(program, lines, { env, stdio: 'ignore', timeout: TIMEOUT_MS }).status === 0;
}

function sendDatagram(path: string, text: Buffer): boolean {
  const calls = loadCalls();
  if (calls === null) return false;
  const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  try {
    return calls.sendto(fd, text, addressOf(path)) === text.length;
  } finally {
    closeSync(fd);
  }
}

/** sockaddr_un(7): the family, then the path; `@` stands for the NUL byte of an abstract one. */
function addressOf(path: string): Buffer {
  const family = Buffer.alloc(2);
  if (endianness() === 'LE') family.writeUInt16LE(AF_UNIX);
  else family.writeUInt16BE(AF_UNIX);
  const name = Buffer.from(path);
  if (name[0] === 0x40) name[0] = 0;
  return Buffer.concat([family, name]);
}

interface Calls {
  /** A descriptor, or -1. */
  socket(domain: number, type: number, protocol: number): number;
  /** Returns how many bytes were sent, or -1. */
  sendto(fd: number, bytes: Buffer, address: Buffer): number;
}

function loadCalls(): Calls | null {
  const socketTypes = ['i32', 'i32', 'i32'] as const;
  const sendTypes = ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32'] as const;
  // Node 26.1 had other names for the two.
  const signatures = {
    socket: { arguments: socketTypes, return: 'i32', parameters: socketTypes, result: 'i32' },
    sendto: { arguments: sendTypes, return: 'i64', parameters: sendTypes, result: 'i64' },
  } as const;
  try {
    const { functions } = process.getBuiltinModule('node:ffi').dlopen(null, signatures);
    return {
      socket: functions.socket,
      sendto: (fd, bytes, address) =>
        Number(functions.sendto(fd, bytes, BigInt(bytes.length), MSG_NOSIGNAL, address, address.length)),
    };
  } catch {
    return null;
  }
}
