/**
 * Sends a datagram to a Unix socket, with descriptors if need be (unix(7), SCM_RIGHTS). Node has no function for either, so
 * node:ffi does it, which comes with Node 26.1.
 */
import { closeSync } from 'node:fs';
import { endianness } from 'node:os';
import { loadExperimental } from '../../node/experimental.ts';

/** The same on every Linux architecture but MIPS, SPARC and PA-RISC, for which there is no Node. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
/** Sizes on 64-bit Linux, for which alone there is this Node: struct msghdr, iovec and cmsghdr; a descriptor is an int. */
const MSGHDR_BYTES = 56;
const IOVEC_BYTES = 16;
const CMSGHDR_BYTES = 16;
const INT_BYTES = 4;
const ALIGNMENT = 8;

/** @param path of the socket; `@` stands for the NUL byte of an abstract address. @returns whether it was sent */
export function sendDatagram(path: string, text: string, fds: readonly number[] = []): boolean {
  calls ??= openCalls();
  if (calls === null) return false;
  const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  try {
    return calls.send(fd, messageOf(addressOf(path), Buffer.from(text), fds, calls.addressIn)) >= 0;
  } finally {
    closeSync(fd);
  }
}

/** Encodes a sockaddr_un(7): the family, then the path. */
function addressOf(path: string): Buffer {
  const family = Buffer.alloc(2);
  if (endianness() === 'LE') family.writeUInt16LE(AF_UNIX);
  else family.writeUInt16BE(AF_UNIX);
  const name = Buffer.from(path);
  if (name[0] === 0x40) name[0] = 0;
  return Buffer.concat([family, name]);
}

/** Lays out a struct msghdr (sendmsg(2)) and all that it points to in one piece of memory. */
function messageOf(name: Buffer, bytes: Buffer, fds: readonly number[], addressIn: (memory: Buffer) => bigint): Buffer {
  const rights = fds.length === 0 ? 0 : CMSGHDR_BYTES + INT_BYTES * fds.length;
  const at = { iovec: MSGHDR_BYTES, rights: MSGHDR_BYTES + IOVEC_BYTES, name: 0, bytes: 0 };
  at.name = at.rights + aligned(rights);
  at.bytes = at.name + aligned(name.length);
  const memory = Buffer.alloc(at.bytes + bytes.length);
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  const little = endianness() === 'LE';
  const start = addressIn(memory);
  const long = (offset: number, value: number | bigint) => view.setBigUint64(offset, BigInt(value), little);
  const int = (offset: number, value: number) => view.setInt32(offset, value, little);
  const pointer = (offset: number, target: number) => long(offset, start + BigInt(target));
  pointer(0, at.name);
  int(8, name.length);
  pointer(16, at.iovec);
  long(24, 1);
  if (rights > 0) pointer(32, at.rights);
  long(40, rights);
  pointer(at.iovec, at.bytes);
  long(at.iovec + 8, bytes.length);
  if (rights > 0) {
    long(at.rights, rights);
    int(at.rights + 8, SOL_SOCKET);
    int(at.rights + 12, SCM_RIGHTS);
    for (const [index, fd] of fds.entries()) int(at.rights + CMSGHDR_BYTES + INT_BYTES * index, fd);
  }
  name.copy(memory, at.name);
  bytes.copy(memory, at.bytes);
  return memory;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

interface Calls {
  /** Returns a descriptor, or -1. */
  socket(domain: number, type: number, protocol: number): number;
  /** Returns how many bytes were sent, or -1. */
  send(fd: number, message: Buffer): number;
  addressIn(memory: Buffer): bigint;
}

let calls: Calls | null | undefined;

function openCalls(): Calls | null {
  const socketTypes = ['i32', 'i32', 'i32'] as const;
  const sendTypes = ['i32', 'buffer', 'i32'] as const;
  // Node 26.1 named these keys differently.
  const signatures = {
    socket: { arguments: socketTypes, return: 'i32', parameters: socketTypes, result: 'i32' },
    sendmsg: { arguments: sendTypes, return: 'i64', parameters: sendTypes, result: 'i64' },
  } as const;
  try {
    const { dlopen, getRawPointer } = loadExperimental('node:ffi');
    const { functions } = dlopen(null, signatures);
    return {
      socket: functions.socket,
      send: (fd, message) => Number(functions.sendmsg(fd, message, MSG_NOSIGNAL)),
      addressIn: (memory) => getRawPointer(memory),
    };
  } catch {
    return null;
  }
}
