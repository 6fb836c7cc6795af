/**
 * Tells systemd how far the service has got (sd_notify(3)), by one datagram to the socket in NOTIFY_SOCKET. Node cannot
 * send datagrams to a Unix socket, so node:ffi does it, which comes with Node 26.1; without node:ffi systemd-notify(1)
 * does.
 */
import { spawnSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import { loadExperimental } from '../../node/experimental.ts';
import { findProgram } from '../launch/wrapper.ts';

/** The same on every Linux architecture but MIPS, SPARC and PA-RISC, for which there is no Node. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const TIMEOUT_MS = 10_000;

export interface ServiceNotice {
  readonly state?: 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1';
  /** A line for a person, shown by `systemctl status`. */
  readonly status?: string;
}

/** Sends a notice. Returns false when there is no receiver, or sending failed. */
export function notifyService(notice: ServiceNotice, env: NodeJS.ProcessEnv): boolean {
  const path = env['NOTIFY_SOCKET'];
  // NOTIFY_SOCKET may also be `vsock:`, which only virtual machines use.
  if (path === undefined || !/^[/@]/.test(path)) return false;
  const lines = [notice.state, notice.status === undefined ? undefined : `STATUS=${notice.status}`];
  const text = lines.filter((line) => line !== undefined).join('\n');
  return sendDatagram(path, Buffer.from(text)) || notifyByProgram(text.split('\n'), env);
}

/** systemd-notify, run by root, reports in its parent's name; otherwise `NotifyAccess=all` permits it. */
function notifyByProgram(lines: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const program = findProgram('systemd-notify');
  if (program === null) return false;
  return spawnSync(program, lines, { env, stdio: 'ignore', timeout: TIMEOUT_MS }).status === 0;
}

function sendDatagram(path: string, text: Buffer): boolean {
  const { socket, sendto } = loadCalls() ?? {};
  if (socket === undefined || sendto === undefined) return false;
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  try {
    return sendto(fd, text, addressOf(path)) === text.length;
  } finally {
    closeSync(fd);
  }
}

/** Encodes a sockaddr_un(7): the family, then the path, where `@` stands for the NUL byte of an abstract address. */
function addressOf(path: string): Buffer {
  const family = Buffer.alloc(2);
  if (endianness() === 'LE') family.writeUInt16LE(AF_UNIX);
  else family.writeUInt16BE(AF_UNIX);
  const name = Buffer.from(path);
  if (name[0] === 0x40) name[0] = 0;
  return Buffer.concat([family, name]);
}

interface Calls {
  /** Returns a descriptor, or -1. */
  socket(domain: number, type: number, protocol: number): number;
  /** Returns how many bytes were sent, or -1. */
  sendto(fd: number, bytes: Buffer, address: Buffer): number;
}

let calls: Calls | null | undefined;

function loadCalls(): Calls | null {
  calls ??= openCalls();
  return calls;
}

function openCalls(): Calls | null {
  const socketTypes = ['i32', 'i32', 'i32'] as const;
  const sendTypes = ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32'] as const;
  // Node 26.1 named these keys differently.
  const signatures = {
    socket: { arguments: socketTypes, return: 'i32', parameters: socketTypes, result: 'i32' },
    sendto: { arguments: sendTypes, return: 'i64', parameters: sendTypes, result: 'i64' },
  } as const;
  try {
    const { functions } = loadExperimental('node:ffi').dlopen(null, signatures);
    return {
      socket: functions.socket,
      sendto: (fd, bytes, address) =>
        Number(functions.sendto(fd, bytes, BigInt(bytes.length), MSG_NOSIGNAL, address, address.length)),
    };
  } catch {
    return null;
  }
}
